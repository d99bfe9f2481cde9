// JSON whose integers keep all their digits: those that a number cannot hold become a BigInt. Pure.
//
// Browsers that do not tell what was written (before Chrome 114, Firefox 135, Safari 18.4) round them.

const INTEGER = /^-?\d+$/;

export function parsed(text) {
  return JSON.parse(text, (_key, value, context) => {
    const tooLarge = typeof value === "number" && Math.abs(value) > Number.MAX_SAFE_INTEGER;
    return tooLarge && INTEGER.test(context?.source ?? "") ? BigInt(context.source) : value;
  });
}
