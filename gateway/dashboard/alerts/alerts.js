// What the viewer wants to be told of, and whether it is so now.

export class Alerts {
  constructor() {
    this.listeners = new Set(); // called with (topic, metric) of what changed
  }

  // Null, or what is wrong with a value: {text}.
  of(_topic, _metric) {
    return null;
  }

  // Ask the viewer for the rules of a value.
  ask(_what) {}
}
