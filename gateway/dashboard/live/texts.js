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
      topic: "topic must be device:…, weather:… or metric:…",
      metric: "metric is missing, or is not that of the topic",
      device: "device is missing",
      window: "window must be a time such as 15m, 1h or 2d, up to 7d",
      server_address: "server must be an http(s) address",
    },
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
      search: "Search devices",
      by_tag: "Tag",
      by_metric: "Metric",
      all_tags: "All tags",
      all_metrics: "All metrics",
      sort: "Order",
      sorts: { name: "By name", seen: "By last reading", value: "By value" },
      rising: "Rising; turn around",
      falling: "Falling; turn around",
      only_silent: (count) => `Silent (${count})`,
      all: (count, shown) => (count === 1 ? "1 device" : `${shown} devices`),
      some: (shown, all) => `${shown} of ${all} devices`,
      now: "now",
      more_of: (device) => `More of ${device}`,
      more_metrics: (count) => `and ${count} more`,
      line: "Line, board and alerts",
      none: "No device has posted yet.",
      post: "Send a first reading from a shell:",
      copy: "Copy",
      copied: "Copied",
      demo: "Or see it alive with made-up devices:",
      unfound: "No device fits this search.",
      clear: "Show all devices",
      waiting: "Looking for devices …",
      forbidden: "You may see no devices here.",
      no_list: (reason) => `The devices cannot be listed (${reason}). It is tried again.`,
      stopped: (time) => `No readings have come since ${time}.`,
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
      topic: "topic muss device:…, weather:… oder metric:… sein",
      metric: "metric fehlt oder passt nicht zum Thema",
      device: "device fehlt",
      window: "window muss eine Zeit wie 15m, 1h oder 2d sein, bis 7d",
      server_address: "server muss eine http(s)-Adresse sein",
    },
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
      search: "Geräte suchen",
      by_tag: "Merkmal",
      by_metric: "Messgröße",
      all_tags: "Alle Merkmale",
      all_metrics: "Alle Messgrößen",
      sort: "Reihenfolge",
      sorts: { name: "Nach Name", seen: "Nach letztem Messwert", value: "Nach Wert" },
      rising: "Aufsteigend; umkehren",
      falling: "Absteigend; umkehren",
      only_silent: (count) => `Stumme (${count})`,
      all: (count, shown) => (count === 1 ? "1 Gerät" : `${shown} Geräte`),
      some: (shown, all) => `${shown} von ${all} Geräten`,
      now: "jetzt",
      more_of: (device) => `Mehr von ${device}`,
      more_metrics: (count) => `und ${count} weitere`,
      line: "Linie, Tafel und Alarme",
      none: "Noch hat kein Gerät etwas gesendet.",
      post: "So kommt ein erster Messwert aus einer Shell:",
      copy: "Kopieren",
      copied: "Kopiert",
      demo: "Oder mit erfundenen Geräten, um es lebendig zu sehen:",
      unfound: "Kein Gerät passt zu dieser Suche.",
      clear: "Alle Geräte zeigen",
      waiting: "Geräte werden gesucht …",
      forbidden: "Hier dürfen Sie keine Geräte sehen.",
      no_list: (reason) => `Die Geräte lassen sich nicht auflisten (${reason}). Es wird wieder versucht.`,
      stopped: (time) => `Seit ${time} sind keine Messwerte gekommen.`,
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
