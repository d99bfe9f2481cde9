// What all views use.

import { Alerts } from "./alerts/alerts.js";
import { Boards } from "./boards/boards.js";
import { HERE, connections } from "./live/connections.js";
import { Format } from "./live/format.js";
import { Access } from "./parts/access.js";
import { Attention } from "./parts/attention.js";
import { Banner } from "./parts/banner.js";
import { Notice } from "./parts/notice.js";
import { Preferences } from "./parts/preferences.js";

export class Context {
  // `states(state)` is called with every new state of the connection, `denied(why)` when another token is wanted.
  constructor({ bannerPlace, states, denied }) {
    this.preferences = new Preferences();
    this.banner = new Banner(bannerPlace);
    this.attention = new Attention();
    this.access = new Access(denied);
    this.format = this.newFormat();
    this.connection = connections.take(HERE, this.access.token, states).connection;
    this.notice = new Notice(document.body);
    this.boards = new Boards(this.preferences, () => this.texts.board.first);
    this.alerts = new Alerts(this);
  }

  // The language that the viewer chose, as the browser has it, or the browser's.
  newFormat() {
    const chosen = this.preferences.get("language");
    const regional = chosen && navigator.languages.find((each) => each.split("-")[0] === chosen);
    this.format = new Format(regional || chosen || undefined);
    return this.format;
  }

  get texts() {
    return this.format.texts;
  }
}
