// What went off and when: [{id, label, unit, kind, limit, silentS, from, to}], the newest first; `to` is null while it lasts.

const MOST = 100;
const MOST_OF_RULE = 10;

export class Log {
  constructor(kept) {
    this.entries = (Array.isArray(kept) ? kept : []).filter(readable).slice(0, MOST);
  }

  of(id) {
    return this.entries.filter((each) => each.id === id);
  }

  // When a rule went off that has not ended; else null.
  raisedAt(id) {
    return this.open(id)?.from ?? null;
  }

  // Another tab may have written it already. Returns whether it is new.
  raised({ id, label, unit, kind, limit, silentS }, from) {
    if (this.open(id)) return false;
    const older = this.of(id).slice(MOST_OF_RULE - 1);
    const kept = this.entries.filter((each) => !older.includes(each));
    this.entries = [{ id, label, unit, kind, limit, silentS, from, to: null }, ...kept].slice(0, MOST);
    return true;
  }

  ended(id, to) {
    const open = this.open(id);
    if (!open) return false;
    this.entries = this.entries.map((each) => (each === open ? { ...open, to: Math.max(to, open.from) } : each));
    return true;
  }

  open(id) {
    return this.entries.find((each) => each.id === id && each.to === null);
  }
}

function readable(entry) {
  const { id, label, kind, from, to } = entry ?? {};
  return [id, label, kind].every((each) => typeof each === "string") && Number.isFinite(from) && (to === null || Number.isFinite(to));
}
