// Who the viewer is: a token, given in the address (/#token=…) or typed in. It stays in this tab, and out of the address.

export class Access {
  // `denied(why)` is called when the server wants another token than this: "none" or "refused".
  constructor(denied, page = globalThis) {
    this.page = page;
    this.denied = denied;
    const given = tokenIn(page.location.hash);
    if (given) {
      this.keep(given);
      page.history.replaceState(null, "", page.location.pathname + page.location.search);
    }
    this.token = given ?? this.kept();
    page.addEventListener?.("hashchange", () => tokenIn(page.location.hash) && page.location.reload());
  }

  // Who the token is for, as far as it can be read; null for none.
  get user() {
    return userOf(this.token);
  }

  // Fetch a path of this server. Resolves to a Response; rejects, with an error that is `unreachable`, if the server cannot be
  // reached.
  async read(path, options = {}) {
    const headers = { ...options.headers, ...(this.token ? { Authorization: `Bearer ${this.token}` } : {}) };
    const answer = await fetch(path, { ...options, headers }).catch(unreachable);
    if (answer.status === 401) this.denied(this.token ? "refused" : "none");
    return answer;
  }

  // The JSON at a path, as `parse` reads it; rejects with an Error that says why where there is none.
  async json(path, { parse = JSON.parse, ...options } = {}) {
    const answer = await this.read(path, options);
    const text = await answer.text().catch((error) => (answer.ok ? unreachable(error) : ""));
    const told = jsonIn(text, parse);
    if (!answer.ok) throw Object.assign(new Error(told?.detail ?? `status ${answer.status}`), { status: answer.status });
    return told;
  }

  // Begin anew as another viewer; an empty token is none.
  signIn(token) {
    if (!this.keep(token) && token) this.page.location.hash = `token=${encodeURIComponent(token)}`;
    this.page.location.reload();
  }

  // Whether the browser kept it.
  keep(token) {
    try {
      if (token) this.page.sessionStorage.setItem("token", token);
      else this.page.sessionStorage.removeItem("token");
      return true;
    } catch {
      return false;
    }
  }

  kept() {
    try {
      return this.page.sessionStorage.getItem("token");
    } catch {
      return null;
    }
  }
}

// What was under way broke off: nobody answered, or not to the end.
export function unreachable(error) {
  throw Object.assign(error, { unreachable: true });
}

function jsonIn(text, parse) {
  try {
    return parse(text);
  } catch {
    return null;
  }
}

// A view's address may hold any words; a sign-in begins with them.
function tokenIn(hash) {
  if (!hash.startsWith("#token=")) return null;
  return new URLSearchParams(hash.slice(1)).get("token") || null;
}

// The `sub` of a JSON Web Token; nothing is believed because of it.
export function userOf(token) {
  try {
    const claims = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
    const bytes = Uint8Array.from(atob(claims), (character) => character.charCodeAt(0));
    const { sub } = JSON.parse(new TextDecoder().decode(bytes));
    return typeof sub === "string" && sub ? sub : null;
  } catch {
    return null;
  }
}
