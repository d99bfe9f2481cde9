// What the viewer has chosen, kept in this browser where that is allowed, and told to its other tabs.

const PREFIX = "windsock.";

export class Preferences {
  // `storage` is like localStorage; `page` tells of changes in other tabs.
  constructor({ storage = storageOf(globalThis), page = globalThis } = {}) {
    this.storage = storage;
    this.known = new Map();
    this.listeners = new Map();
    page.addEventListener?.("storage", ({ key }) => key?.startsWith(PREFIX) && this.changedElsewhere(key));
  }

  // The value of `name`, any JSON; `fallback` where none was chosen or what is kept cannot be read.
  get(name, fallback = null) {
    if (!this.known.has(name)) this.known.set(name, this.read(name));
    return this.known.get(name) ?? fallback;
  }

  // Keeps `value` for this page even where the browser keeps nothing; null forgets it. Returns whether the browser did.
  set(name, value) {
    this.known.set(name, value);
    const kept = this.write(name, value);
    this.tell(name);
    return kept;
  }

  write(name, value) {
    try {
      if (value === null) this.storage?.removeItem(PREFIX + name);
      else this.storage?.setItem(PREFIX + name, JSON.stringify(value));
      return this.storage !== null;
    } catch {
      return false; // full, or forbidden
    }
  }

  // Calls `listener(value)` with every change; returns what ends that.
  listen(name, listener) {
    if (!this.listeners.has(name)) this.listeners.set(name, new Set());
    this.listeners.get(name).add(listener);
    return () => this.listeners.get(name).delete(listener);
  }

  changedElsewhere(key) {
    const name = key.slice(PREFIX.length);
    this.known.delete(name);
    this.tell(name);
  }

  tell(name) {
    for (const listener of [...(this.listeners.get(name) ?? [])]) listener(this.get(name));
  }

  read(name) {
    try {
      return JSON.parse(this.storage?.getItem(PREFIX + name) ?? "null");
    } catch {
      return null;
    }
  }
}

// Null where it is forbidden; asking for it throws there.
export function storageOf(page, kind = "localStorage") {
  try {
    return page[kind] ?? null;
  } catch {
    return null;
  }
}
