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
    // ---- charts
    charts: {
      value: "value",
      live: "Back to live",
      still: "stands still",
      earlier: "Earlier",
      later: "Later",
      closer: "Zoom in (+, or drag over a chart)",
      wider: "Zoom out (−, or Ctrl and wheel)",
      keys: (label) => `Chart ${label}: plus and minus zoom, arrows move, 0 is live`,
    },
    // ---- overview
    overview: {
    },
    // ---- device
    device_view: {
      window: "Window of time",
      windows: { "15m": "15 min", "1h": "1 h", "6h": "6 h", "24h": "24 h" },
      tags: "Tags",
      nothing_here: "nothing in this window",
      denied: (device) => `You may not see ${device}.`,
      unknown: (device) => `${device} has not posted yet. As soon as it does, it appears here.`,
      truncated: (time) => `Complete from ${time} on: what is older is not kept, or is too much.`,
      crowded: "Some metrics come without their past: there are too many at once.",
      left_out: (count) => `${count} more metrics are not shown.`,
      thinned: "Readings are thinned out here; lowest and highest stay.",
      csv: "Download CSV",
      cancel: "Cancel",
      cancelled: "cancelled",
      loaded: (count) => `${count} readings loaded`,
      saved: (count) => `${count} readings saved`,
      saved_part: (count) => `${count} readings saved; it is cut, there are more`,
      not_saved: (reason) => `not saved: ${reason}`,
      outside: {
        title: "Outside",
        none: "none",
        other: "another city …",
        city: "City",
        find: "Find",
        asking: "asking …",
        of: (city) => `outside: ${city}`,
        problem: (place, reason) => `Weather of ${place}: ${reason}.`,
      },
      command: {
        title: "Send a command",
        name: "Name",
        args: "Arguments (JSON)",
        timeout: "Timeout (s)",
        send: "Send",
        waiting: "waiting for the device …",
        done: "done",
        failed: (reason) => `failed: ${reason}`,
        unanswered: "no answer: the connection was lost",
        no_json: "The arguments are not JSON.",
      },
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
    // ---- charts
    charts: {
      value: "Wert",
      live: "Zurück zu live",
      still: "steht still",
      earlier: "Früher",
      later: "Später",
      closer: "Näher heran (+, oder im Diagramm ziehen)",
      wider: "Weiter weg (−, oder Strg und Mausrad)",
      keys: (label) => `Diagramm ${label}: Plus und Minus vergrößern und verkleinern, Pfeile verschieben, 0 ist live`,
    },
    // ---- overview
    overview: {
    },
    // ---- device
    device_view: {
      window: "Zeitfenster",
      windows: { "15m": "15 Min.", "1h": "1 Std.", "6h": "6 Std.", "24h": "24 Std." },
      tags: "Merkmale",
      nothing_here: "nichts in diesem Zeitfenster",
      denied: (device) => `${device} ist für Sie nicht freigegeben.`,
      unknown: (device) => `${device} hat noch nichts gesendet. Sobald etwas kommt, erscheint es hier.`,
      truncated: (time) => `Vollständig ab ${time}: Älteres ist nicht aufbewahrt oder zu viel.`,
      crowded: "Einige Messgrößen kommen ohne ihre Vergangenheit: es sind zu viele auf einmal.",
      left_out: (count) => `${count} weitere Messgrößen werden nicht gezeigt.`,
      thinned: "Messwerte sind hier ausgedünnt; kleinste und größte bleiben.",
      csv: "Als CSV laden",
      cancel: "Abbrechen",
      cancelled: "abgebrochen",
      loaded: (count) => `${count} Messwerte geladen`,
      saved: (count) => `${count} Messwerte gespeichert`,
      saved_part: (count) => `${count} Messwerte gespeichert; gekürzt, es gibt mehr`,
      not_saved: (reason) => `nicht gespeichert: ${reason}`,
      outside: {
        title: "Draußen",
        none: "keins",
        other: "andere Stadt …",
        city: "Stadt",
        find: "Suchen",
        asking: "fragt …",
        of: (city) => `draußen: ${city}`,
        problem: (place, reason) => `Wetter von ${place}: ${reason}.`,
      },
      command: {
        title: "Befehl senden",
        name: "Name",
        args: "Argumente (JSON)",
        timeout: "Frist (s)",
        send: "Senden",
        waiting: "wartet auf das Gerät …",
        done: "erledigt",
        failed: (reason) => `gescheitert: ${reason}`,
        unanswered: "keine Antwort: die Verbindung ging verloren",
        no_json: "Die Argumente sind kein JSON.",
      },
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
