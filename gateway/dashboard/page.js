// The page: a frame whose state is always told, and the view that the address asks for.

import { Context } from "./context.js";
import { DataWatch } from "./parts/data_watch.js";
import { Router } from "./parts/router.js";
import { Shell } from "./parts/shell.js";
import { Stage } from "./parts/stage.js";
import { OverviewView } from "./views/overview/view.js";

// The first is there at once, the others when they are wanted.
const VIEWS = {
  overview: async () => OverviewView,
  device: async () => (await import("./views/device/view.js")).DeviceView,
  metric: async () => (await import("./views/metric/view.js")).MetricView,
  weather: async () => (await import("./views/weather/view.js")).WeatherView,
  board: async () => (await import("./views/board/view.js")).BoardView,
  alerts: async () => (await import("./views/alerts/view.js")).AlertsView,
};

const context = new Context({
  bannerPlace: document.getElementById("banner"),
  states: (state) => shell.connected(state),
  denied: (why) => shell.denied(why),
});
const shell = new Shell(context, () => stage.again());
const stage = new Stage(context, document.querySelector("main"), VIEWS, "overview", (route) => shell.shown(route));
context.router = new Router((route) => stage.show(route));
context.router.read();
new DataWatch(context).start();
