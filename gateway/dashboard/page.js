// The page: a connection whose state is always told, and the view that the address asks for.

import { Context } from "./context.js";
import { mark, write } from "./parts/dom.js";
import { Router } from "./parts/router.js";
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

const main = document.querySelector("main");
const pill = document.getElementById("state");
let shown = null; // {route, view}

const context = new Context({ bannerPlace: document.getElementById("banner"), states: showState, denied: () => showState("denied") });
context.router = new Router(show);

function showState(state) {
  mark(pill, "data-state", state);
  write(pill, context.texts.states[state]);
}

async function show(route) {
  if (shown && shown.route.view === route.view && shown.route.name === route.name) {
    shown.route = route;
    shown.view?.changed(route);
    return;
  }
  shown?.view?.close();
  const mine = (shown = { route, view: null });
  const View = await (VIEWS[route.view] ?? VIEWS.overview)();
  if (shown !== mine) return;
  mine.view = new View(context, mine.route);
  main.replaceChildren();
  mine.view.open(main);
  titleIt();
}

function titleIt() {
  document.title = `${shown.view.title} · Windsock`;
  for (const link of document.querySelectorAll("nav a")) {
    mark(link, "aria-current", link.dataset.view === shown.route.view ? "page" : null);
    write(link, context.texts.views[link.dataset.view]);
  }
}

showState(context.connection.state);
context.router.read();
