// Notifications of the browser, where the viewer wants them and the browser has them.

export class Notifications {
  constructor(preferences, page = globalThis) {
    this.preferences = preferences;
    this.page = page;
  }

  // "none" (there are none here), "denied" (by the browser), "on" or "off".
  get state() {
    const { Notification } = this.page;
    if (!Notification) return "none";
    if (Notification.permission === "denied") return "denied";
    return Notification.permission === "granted" && this.preferences.get("notify") === true ? "on" : "off";
  }

  // Only by a click: browsers ask the viewer. Resolves to the new state.
  async toggle() {
    if (this.state === "on") this.preferences.set("notify", false);
    else if (this.state === "off" && (await this.page.Notification.requestPermission()) === "granted") {
      this.preferences.set("notify", true);
    }
    return this.state;
  }

  // One for each rule, however many tabs are open.
  show({ id, label }, text, clicked) {
    if (this.state !== "on") return;
    try {
      const shown = new this.page.Notification(label, { body: text, tag: `windsock-${id}` });
      shown.onclick = () => {
        this.page.focus();
        clicked();
        shown.close();
      };
    } catch {
      // Some browsers have them for service workers alone.
    }
  }
}
