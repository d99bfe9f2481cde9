// The Centrifuge SDK. Its script sets a global; a page that embeds us may have one of its own, which stays.

const theirs = Object.getOwnPropertyDescriptor(globalThis, "Centrifuge");
await import("../vendor/centrifuge/centrifuge.js");
export const Centrifuge = globalThis.Centrifuge;
if (theirs) Object.defineProperty(globalThis, "Centrifuge", theirs);
else delete globalThis.Centrifuge;
