// The viewer's clock, as if nobody had set it anew since the page was opened: ages and silences go by it. That it was set
// is seen beside the server's clock, which a sleep does not part it from.

const LEAST_JUMP_MS = 3_000;
const LONGEST_TRIP_MS = 2_000;

export class Present {
  constructor(clock = Date.now) {
    this.clock = clock;
    this.movedMs = 0; // by how much it was set ahead
    this.aheadMs = null; // of the server's, when it was last compared
  }

  // Unix milliseconds.
  now() {
    return this.clock() - this.movedMs;
  }

  // The server said `serverNow` between two times of now().
  compare(serverNow, asked, answered) {
    const tripMs = answered - asked;
    if (tripMs < 0 || tripMs > LONGEST_TRIP_MS) return; // the next answer tells it
    const ahead = (asked + answered) / 2 - serverNow;
    const jump = this.aheadMs === null ? 0 : ahead - this.aheadMs;
    if (Math.abs(jump) > LEAST_JUMP_MS) this.movedMs += jump;
    else this.aheadMs = ahead;
  }
}

const viewers = new Present();
export const present = () => viewers.now();
export const compare = (serverNow, asked, answered) => viewers.compare(serverNow, asked, answered);
