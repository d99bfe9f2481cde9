// The frame around the views, in the viewer's language: navigation, connection, settings, sign-in.

import { ConnectionState } from "./connection_state.js";
import { mark, write } from "./dom.js";
import { icon } from "./icons.js";
import { Login } from "./login.js";
import { Settings } from "./settings.js";
import { Theme } from "./theme.js";

const ICONS = { overview: "devices", metric: "chart", weather: "weather", board: "board", alerts: "bell" };
// Views that are reached from another one of the navigation.
const WITHIN = { device: "overview" };

export class Shell {
  // `page` is the document; `reopened()` is called when everything is to be written anew.
  constructor(context, reopened, page = document) {
    this.context = context;
    this.reopened = reopened;
    this.page = page;
    this.main = page.querySelector("main");
    this.links = [...page.querySelectorAll("nav a")];
    this.route = null;
    for (const link of this.links) link.append(icon(ICONS[link.dataset.view]), page.createElement("span"));
    page.querySelector(".brand").prepend(icon("windsock"));
    this.gear = page.querySelector("[popovertarget=settings]");
    this.gear.append(icon("gear"));
    this.theme = new Theme(context.preferences, page.querySelector("header"));
    this.state = new ConnectionState(context, page.getElementById("state"));
    this.settings = new Settings(context, page.getElementById("settings"));
    this.login = new Login(context, page.getElementById("login"), this.main);
    const skip = page.querySelector(".skip");
    skip.addEventListener("click", (event) => {
      event.preventDefault(); // the address is the view's
      this.main.focus();
    });
    context.preferences.listen("language", () => this.translate());
    context.preferences.listen("theme", () => this.settings.write());
    this.write();
  }

  translate() {
    this.context.newFormat();
    this.write();
    this.state.show();
    this.reopened();
    this.login.write();
  }

  write() {
    const { texts, format } = this.context;
    this.page.documentElement.lang = format.language;
    for (const link of this.links) write(link.lastElementChild, texts.views[link.dataset.view]);
    mark(this.page.querySelector("nav"), "aria-label", texts.shell.navigation);
    write(this.page.querySelector(".skip"), texts.shell.skip);
    mark(this.gear, "aria-label", texts.shell.settings);
    mark(this.gear, "title", texts.shell.settings);
    this.settings.write();
  }

  // A view is shown.
  shown(route) {
    const section = WITHIN[route.view] ?? route.view;
    for (const link of this.links) {
      const here = link.dataset.view === section;
      mark(link, "aria-current", here ? (section === route.view ? "page" : "true") : null);
    }
  }

  // The connection is in another state.
  connected(state) {
    this.state.show();
    this.login.show(state === "denied" ? this.context.connection.why : null);
  }

  // A request was refused, which says less of why than the connection does.
  denied(why) {
    if (this.login.why === null) this.login.show(why);
  }
}
