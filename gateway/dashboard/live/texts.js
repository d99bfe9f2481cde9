// Every word that viewers see, by language.

const ALL = {
  en: {
    on: "on",
    off: "off",
    reasons: {
      connecting: "connecting",
      resuming: "resuming",
      offline: "offline",
      server: "stale: the server hears nothing",
      silent: "silent",
      nothing: "no reading yet",
      denied: "not permitted",
      origin: "this page may not connect (WINDSOCK_ORIGINS)",
      unknown: "no such topic",
      limit: "too many topics on this page",
      outside: "stale: the weather is old",
      topic: "topic must be device:…, weather:…, metric:… or compare:<device>:<place>",
      side: "metric of a comparison is inside, outside or difference",
      past: "a comparison has no past: show it with windsock-value",
      metric: "metric is missing, or is not that of the topic",
      device: "device is missing",
      window: "window must be a time such as 15m, 1h or 2d, up to 7d",
      server_address: "server must be an http(s) address",
    },
    outside: "outside",
    difference: "difference",
    table: "Table",
    time: "Time",
    lowest: "lowest",
    highest: "highest",
    mean: "mean",
    newest: (shown, all) => (shown < all ? `the newest ${shown} of ${all}` : ""),
    views: { overview: "Devices", device: "Device", metric: "Metric", weather: "Weather", board: "Board", alerts: "Alerts" },
    states: {
      connecting: "connecting",
      live: "live",
      stale: "stale: the server hears nothing",
      resuming: "resuming",
      offline: "offline",
      denied: "no access",
      origin: "this page may not connect",
    },
    // ---- shell
    shell: {
    },
    // ---- overview
    overview: {
    },
    // ---- device
    device_view: {
    },
    // ---- metric
    metric_view: {
    },
    // ---- weather
    weather: {
    },
    // ---- board
    board: {
      pin: "Pin to the board",
    },
    // ---- alerts
    alerts: {
      set: "Alerts of this value",
    },
  },
  de: {
    on: "an",
    off: "aus",
    reasons: {
      connecting: "verbindet",
      resuming: "verbindet neu",
      offline: "offline",
      server: "veraltet: der Server hört nichts",
      silent: "stumm",
      nothing: "noch kein Messwert",
      denied: "nicht erlaubt",
      origin: "diese Seite darf sich nicht verbinden (WINDSOCK_ORIGINS)",
      unknown: "unbekanntes Thema",
      limit: "zu viele Themen auf dieser Seite",
      outside: "veraltet: das Wetter ist alt",
      topic: "topic muss device:…, weather:…, metric:… oder compare:<Gerät>:<Ort> sein",
      side: "metric eines Vergleichs ist inside, outside oder difference",
      past: "ein Vergleich hat keine Vergangenheit: windsock-value zeigt ihn",
      metric: "metric fehlt oder passt nicht zum Thema",
      device: "device fehlt",
      window: "window muss eine Zeit wie 15m, 1h oder 2d sein, bis 7d",
      server_address: "server muss eine http(s)-Adresse sein",
    },
    outside: "draußen",
    difference: "Unterschied",
    table: "Tabelle",
    time: "Zeit",
    lowest: "kleinster",
    highest: "größter",
    mean: "Mittel",
    newest: (shown, all) => (shown < all ? `die neuesten ${shown} von ${all}` : ""),
    views: { overview: "Geräte", device: "Gerät", metric: "Messgröße", weather: "Wetter", board: "Tafel", alerts: "Alarme" },
    states: {
      connecting: "verbindet",
      live: "live",
      stale: "veraltet: der Server hört nichts",
      resuming: "verbindet neu",
      offline: "offline",
      denied: "kein Zugang",
      origin: "diese Seite darf sich nicht verbinden",
    },
    // ---- shell
    shell: {
    },
    // ---- overview
    overview: {
    },
    // ---- device
    device_view: {
    },
    // ---- metric
    metric_view: {
    },
    // ---- weather
    weather: {
    },
    // ---- board
    board: {
      pin: "An die Tafel heften",
    },
    // ---- alerts
    alerts: {
      set: "Alarme dieses Werts",
    },
  },
};

// The texts for a locale; English where there are none.
export function textsOf(locale) {
  return ALL[locale?.split("-")[0]] ?? ALL.en;
}

// The same words under the same names in every language: a test compares them.
export const languages = Object.keys(ALL);
