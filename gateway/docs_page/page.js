// The description of the API, shown: every operation and socket folds open. Nothing is loaded but the two documents.

import { described, element, text } from "/docs/elements.js";
import { schema } from "/docs/schema.js";

const main = document.getElementById("operations");
const state = document.getElementById("state");
const PROBLEM = "#/components/schemas/Problem";

function table(heads, rows) {
  return element("table", {},
    element("thead", {}, element("tr", {}, ...heads.map((head) => element("th", { scope: "col" }, head)))),
    element("tbody", {}, ...rows.map((row) => element("tr", {}, ...row.map((cell) => element("td", {}, cell))))));
}

function folded(id, method, path, summary, inside) {
  return element("details", { id },
    element("summary", {},
      element("span", { class: `method ${method}` }, method), " ", element("code", {}, path),
      element("span", { class: "summary" }, text(summary))),
    element("div", { class: "inside" }, ...inside));
}

function at(document, part) {
  if (!part.$ref) return part;
  return part.$ref.slice(2).split("/").reduce((found, name) => found[name], document);
}

function content(document, one) {
  // What all refusals look like is shown once.
  const own = Object.entries(one.content ?? {}).filter(([, { schema: shape }]) => shape.$ref !== PROBLEM);
  return own.flatMap(([type, { schema: shape, example }]) => [
    element("p", {}, element("code", {}, type)),
    schema(document, shape),
    ...(example === undefined ? []
      : [element("pre", {}, typeof example === "string" ? example : JSON.stringify(example, null, 2))]),
  ]);
}

function operation(document, path, method, one) {
  const inside = [...described(one.description)];
  const keys = (one.security ?? []).flatMap(Object.keys);
  if (keys.length) {
    inside.push(element("p", {}, "Who asks: ", keys.join(" or "), " (see Access)."));
  }
  if (one.parameters) {
    inside.push(element("h3", {}, "Parameters"), table(["name", "in", "what", "type"], one.parameters.map((each) => [
      element("code", {}, each.name), each.in + (each.required ? ", required" : ""), text(each.description),
      schema(document, each.schema),
    ])));
  }
  const body = one.requestBody;
  if (body) inside.push(element("h3", {}, "Body"), ...described(body.description), ...content(document, body));
  inside.push(element("h3", {}, "Answers"));
  inside.push(table(["status", "what"], Object.entries(one.responses).map(([status, response]) => {
    const found = at(document, response);
    const cell = element("div", {}, element("p", { class: "about" }, text(found.description)), ...content(document, found));
    for (const [name, header] of Object.entries(found.headers ?? {})) {
      cell.append(element("p", {}, element("code", {}, name), ": ", text(header.description)));
    }
    return [status, cell];
  })));
  return folded(one.operationId, method.toUpperCase(), path, one.summary, inside);
}

function socket(document, name, channel) {
  const inside = [];
  for (const [part, { description }] of Object.entries(channel.parameters ?? {})) {
    inside.push(element("p", {}, element("code", {}, `{${part}}`), ": ", text(description)));
  }
  const query = channel.bindings?.ws?.query;
  if (query) inside.push(element("h3", {}, "Query"), schema(document, query));
  for (const [action, title] of [["send", "The server sends"], ["receive", "It takes"]]) {
    const { messages } = document.operations[`${name}_${action}`];
    inside.push(element("h3", {}, title));
    for (const message of messages) {
      const { payload } = at(document, message);
      inside.push(element("p", {}, element("code", {}, payload.$ref.split("/").pop())), schema(document, payload));
    }
  }
  return folded(name, "WS", channel.address, channel.description, inside);
}

function area(name, about, operations) {
  const id = `area-${name.toLowerCase().replace(/[^a-z]+/g, "-")}`;
  document.getElementById("areas").append(element("a", { href: `#${id}` }, name));
  main.append(element("section", { "aria-labelledby": id },
    element("h2", { id }, name), element("p", { class: "about" }, text(about)), ...operations));
}

function show(http, sockets) {
  document.getElementById("about").append(text(`Version ${http.info.version}. ${http.info.description}`));
  for (const { name, description } of http.tags) {
    const operations = Object.entries(http.paths).flatMap(([path, methods]) => Object.entries(methods)
      .filter(([, one]) => one.tags.includes(name))
      .map(([method, one]) => operation(http, path, method, one)));
    area(name, description, operations);
  }
  area("WebSockets", sockets.info.description,
    Object.entries(sockets.channels).map(([name, channel]) => socket(sockets, name, channel)));
  area("Errors", "Statuses from 400 on come with `application/problem+json`, unless another body is shown.",
    [schema(http, { $ref: PROBLEM })]);
  const schemes = Object.entries(http.components.securitySchemes);
  area("Access", "How one says who one is.", [table(["name", "where", "what"], schemes.map(([name, one]) => [
    name, one.scheme ?? `${one.in}: ${one.name}`, text(one.description),
  ]))]);
}

function find(words) {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  const all = [...main.querySelectorAll("details")];
  for (const each of all) {
    const said = each.firstElementChild.textContent.toLowerCase();
    each.hidden = !wanted.every((word) => said.includes(word));
  }
  const left = all.filter((each) => !each.hidden).length;
  document.getElementById("found").textContent = wanted.length ? `${left} of ${all.length}` : "";
}

// An address may name an operation: /docs/#postReadings.
function openNamed() {
  const named = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (named?.tagName === "DETAILS") {
    named.open = true;
    named.scrollIntoView();
  }
}

try {
  const documents = await Promise.all(["/openapi.json", "/asyncapi.json"].map(async (path) => {
    const answer = await fetch(path);
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    return answer.json();
  }));
  show(...documents);
  state.remove();
  document.getElementById("find").addEventListener("input", (event) => find(event.target.value));
  addEventListener("hashchange", openNamed);
  openNamed();
} catch (error) {
  state.textContent = `The description could not be read (${error.message}). Load the page again.`;
}
main.removeAttribute("aria-busy");
