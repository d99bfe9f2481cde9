// Who the viewer is: a token, given in the address (/#token=…) or typed in. It stays in this tab, and out of the address.

export class Access {
  // `denied()` is called when the server wants another token than this.
  constructor(denied, page = globalThis) {
    this.page = page;
    this.denied = denied;
    const given = new URLSearchParams(page.location.hash.slice(1)).get("token");
    if (given) {
      this.keep(given);
      page.history.replaceState(null, "", page.location.pathname + page.location.search);
    }
    this.token = given ?? this.kept();
  }

  // Fetch a path of this server. Resolves to a Response; rejects if the server cannot be reached.
  async read(path, options = {}) {
    const headers = { ...options.headers, ...(this.token ? { Authorization: `Bearer ${this.token}` } : {}) };
    const answer = await fetch(path, { ...options, headers });
    if (answer.status === 401) this.denied();
    return answer;
  }

  // The JSON at a path; rejects with an Error that says why where there is none.
  async json(path, options = {}) {
    const answer = await this.read(path, options);
    const told = await answer.json().catch(() => null);
    if (!answer.ok) throw Object.assign(new Error(told?.detail ?? `status ${answer.status}`), { status: answer.status });
    return told;
  }

  // Begin anew as another viewer; an empty token is none.
  signIn(token) {
    this.keep(token);
    this.page.location.reload();
  }

  keep(token) {
    try {
      if (token) this.page.sessionStorage.setItem("token", token);
      else this.page.sessionStorage.removeItem("token");
    } catch {
      this.token = token; // for as long as the page is open
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
