// The viewer's boards.

export class Boards {
  constructor(preferences) {
    this.preferences = preferences;
  }

  pin(item) {
    this.preferences.set("board", [...this.preferences.get("board", []), item]);
  }
}
