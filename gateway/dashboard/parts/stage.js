// Where views are shown: one at a time, loaded when it is wanted. One that cannot be is told of, with a way to try again.
//
// After an outage the server may be another version: a view of that one is not for this page, which is loaded anew then.

import { el } from "./dom.js";

const FAILED = "failed";

export class Stage {
  // `views`: name → () => a promise of the view's class; `other` is the name of the one for addresses that name none;
  // `shown(route)` is called when a view has been shown.
  constructor(context, place, views, other, shown) {
    Object.assign(this, { context, place, views, other, shown });
    this.route = null; // of what is shown
    this.view = null;
    this.turn = null; // the newest wish; those before it count no more
    this.unloaded = false; // the server could not be asked for the view
    this.connected = context.connection.state === "live"; // by now, or before
    context.connection.listeners.add((state) => state === "live" && this.live());
    globalThis.addEventListener("error", ({ error }) => error && this.failedLater(error));
    globalThis.addEventListener("unhandledrejection", ({ reason }) => this.failedLater(reason));
  }

  async show(asked, focus = this.route !== null) {
    const route = { ...asked, view: Object.hasOwn(this.views, asked.view) ? asked.view : this.other };
    const turn = (this.turn = {});
    if (this.view && this.route.view === route.view && this.route.name === route.name) {
      this.route = route;
      this.attempt(() => this.view.changed(route));
      return;
    }
    let View = null;
    try {
      View = await this.views[route.view]();
    } catch (error) {
      console.warn(error);
    }
    if (this.turn !== turn) return;
    this.leave();
    this.route = route;
    this.unloaded = View === null;
    if (View) this.attempt(() => this.open(View));
    else this.fail(this.context.texts.shell.failed.load);
    if (focus) this.focus();
  }

  open(View) {
    this.view = new View(this.context, this.route);
    this.place.replaceChildren();
    globalThis.scrollTo(0, 0); // a view may go back to where one was
    this.view.open(this.place);
  }

  // Once after each outage at most: a view that is nowhere must not load the page for ever.
  live() {
    const before = this.connected;
    this.connected = true;
    if (!this.unloaded) return;
    if (before) this.anew();
    else this.again();
  }

  // A browser may remember a module that it could not get; without a server there is no page either.
  reload() {
    if (this.context.connection.state === "live") this.anew();
    else this.again();
  }

  anew() {
    location.reload();
  }

  // The same view from its beginning, as after a change of language.
  again() {
    const focus = this.place.contains(document.activeElement);
    this.leave();
    if (this.route) this.show(this.route, focus);
  }

  // What the view does when it is told something may fail, as everything else of it.
  attempt(act) {
    try {
      act();
    } catch (error) {
      console.error(error);
      this.leave();
      this.fail(this.context.texts.shell.failed.error(messageOf(error)));
      return;
    }
    this.context.attention.titled(this.view.title);
    this.shown(this.route);
  }

  leave() {
    const view = this.view;
    this.view = null;
    this.context.banner.set(FAILED, null);
    try {
      view?.close();
    } catch (error) {
      console.error(error);
    }
  }

  fail(why) {
    const { failed } = this.context.texts.shell;
    const act = this.unloaded ? () => this.reload() : () => this.again();
    const again = el("button", { type: "button", class: "primary", onclick: act }, failed.again);
    const card = el("div", { class: "card", role: "alert" }, el("h2", {}, failed.title), el("p", {}, why), again);
    this.place.replaceChildren(el("div", { class: "panel" }, card));
    this.context.attention.titled(failed.title);
    this.shown(this.route);
  }

  failedLater(error) {
    const { failed } = this.context.texts.shell;
    const action = { label: failed.again, run: () => this.again() };
    this.context.banner.set(FAILED, failed.later(messageOf(error)), "warn", { action });
  }

  // Who does not see the page hears where it has led.
  focus() {
    const heading = this.place.querySelector("h1, h2") ?? this.place;
    if (!heading.hasAttribute("tabindex")) heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
  }
}

function messageOf(error) {
  return error instanceof Error ? error.message : String(error);
}
