// Which view the address asks for: "#/device/greenhouse-7?window=6h".

// {view, name, query}: view is "overview" for an empty address; `query` is a URLSearchParams.
export function parse(hash) {
  const [path, ...query] = hash.replace(/^#\/?/, "").split("?");
  const [view, ...name] = path.split("/");
  return { view: view || "overview", name: decoded(name.join("/")), query: new URLSearchParams(query.join("?")) };
}

// The address of a view; members of `query` that are null are left out.
export function href(view, name = "", query = {}) {
  const kept = Object.entries(query).filter(([, value]) => value !== null && value !== undefined);
  const path = view === "overview" ? "" : name === "" ? view : `${view}/${encodeURIComponent(name)}`;
  const search = new URLSearchParams(kept).toString();
  return `#/${path}${search ? `?${search}` : ""}`;
}

export class Router {
  // Calls `show(route)` with each address; `page` is the window.
  constructor(show, page = globalThis) {
    this.show = show;
    this.page = page;
    page.addEventListener("hashchange", () => this.read());
  }

  get route() {
    return parse(this.page.location.hash);
  }

  read() {
    this.show(this.route);
  }

  go(address) {
    this.page.location.hash = address;
  }

  // What is chosen in a view is in its address, so that a link shows the same; it is no step back in the history.
  replaceQuery(changes) {
    const { view, name, query } = this.route;
    const address = href(view, name, { ...Object.fromEntries(query), ...changes });
    this.page.history.replaceState(null, "", address);
  }
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
