// The names of the commands that were sent to a device, the latest first, and of the devices the latest. Pure.

const MOST_NAMES = 12;
const MOST_DEVICES = 100;

// What is kept, as [[device, names], …], with one more.
export function remembered(kept, device, name) {
  const names = [name, ...namesOf(kept, device).filter((each) => each !== name)].slice(0, MOST_NAMES);
  return [[device, names], ...listOf(kept).filter(([other]) => other !== device)].slice(0, MOST_DEVICES);
}

export function namesOf(kept, device) {
  return listOf(kept).find(([other]) => other === device)?.[1] ?? [];
}

// Preferences may hold anything.
function listOf(kept) {
  const good = (each) => Array.isArray(each) && typeof each[0] === "string" && Array.isArray(each[1]);
  return Array.isArray(kept) ? kept.filter(good) : [];
}
