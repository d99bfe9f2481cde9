// Looks up in tables whose names others choose: one may be called "constructor". Pure.

// What `table` itself has by that name; undefined if it has not, or is not there.
export function ownOf(table, name) {
  return Object.hasOwn(table ?? {}, name) ? table[name] : undefined;
}
