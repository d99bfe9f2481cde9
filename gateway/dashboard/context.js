// What all views use.

import { Alerts } from "./alerts/alerts.js";
import { Boards } from "./boards/boards.js";
import { HERE, connections } from "./live/connections.js";
import { Format } from "./live/format.js";
import { Access } from "./parts/access.js";
import { Banner } from "./parts/banner.js";
import { Notice } from "./parts/notice.js";
import { Preferences } from "./parts/preferences.js";

export class Context {
  // `states(state)` is called with every new state of the connection, `denied()` when another token is wanted.
  constructor({ bannerPlace, states, denied }) {
    this.preferences = new Preferences();
    this.banner = new Banner(bannerPlace);
    this.access = new Access(denied);
    this.format = this.newFormat();
    this.connection = connections.take(HERE, this.access.token, states).connection;
    this.notice = new Notice(document.body);
    this.boards = new Boards(this.preferences, () => this.texts.board.first);
    this.alerts = new Alerts(this);
  }

  // The language that the viewer chose, or the browser's.
  newFormat() {
    this.format = new Format(this.preferences.get("language") ?? undefined);
    return this.format;
  }

  get texts() {
    return this.format.texts;
  }
}
