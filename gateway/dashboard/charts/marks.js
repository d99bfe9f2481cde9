// How lines are told apart: by colour and by dash, 24 of them.

export const COLOURS = 8;
export const MOST = 24;
const DASHES = [[], [7, 4], [2, 3]];

// {colour: a custom property, dash: for a canvas} of the line at a place.
export function markOf(at) {
  const [colour, round] = [at % COLOURS, Math.floor((at % MOST) / COLOURS)];
  return { colour: `--series-${colour + 1}`, dash: DASHES[(colour + round) % DASHES.length] };
}
