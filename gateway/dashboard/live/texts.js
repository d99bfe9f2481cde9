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
      stale: "stale",
      resuming: "resuming",
      offline: "offline",
      denied: "no access",
      origin: "not allowed",
    },
    // ---- shell
    shell: {
      skip: "Skip to the content",
      navigation: "Views",
      settings: "Settings",
      language: "Language",
      languages: { browser: "Browser’s", en: "English", de: "Deutsch" },
      theme: "Theme",
      themes: { system: "System", light: "Light", dark: "Dark" },
      user: (name) => `Signed in as ${name}`,
      sign_out: "Sign out",
      lost: {
        connecting: () => "The server does not answer yet. It is tried again by itself.",
        resuming: (time) => `The server has not been heard since ${time}; what is shown is from before. It is tried again by itself.`,
        offline: (time) => `Offline since ${time}; what is shown is from before. It connects again by itself.`,
        stale: (time) => `The server has heard nothing from its database since ${time}; what is shown may be old.`,
        origin: () => "The server does not let this page connect: WINDSOCK_ORIGINS does not name its address.",
        denied: (time) => `No access since ${time}; what is shown is from before.`,
      },
      back: {
        recovered: (number, count) => (count === 1 ? "resumed, 1 reading recovered" : `resumed, ${number} readings recovered`),
        nothing: "resumed, nothing was missed",
        anew: "resumed, but what was sent meanwhile could not all be recovered: shown anew",
        plain: "live again",
      },
      failed: {
        title: "This view cannot be shown",
        load: "It could not be fetched from the server.",
        error: (message) => `It met an error: ${message}`,
        later: (message) => `Something on this page failed: ${message}`,
        again: "Try again",
      },
      login: {
        title: "Sign in",
        why: {
          none: "Who looks at this Windsock needs a token.",
          expired: "The token has expired. Another one is needed.",
          refused: "The server does not accept this token.",
          revoked: "The server does not accept this token any more.",
          ended: "The server has ended this connection. It is tried again by itself, or sign in with another token.",
        },
        token: "Token",
        hint: "Whoever runs this Windsock signs one:",
        sign_in: "Sign in",
      },
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
      stale: "veraltet",
      resuming: "verbindet neu",
      offline: "offline",
      denied: "kein Zugang",
      origin: "nicht erlaubt",
    },
    // ---- shell
    shell: {
      skip: "Zum Inhalt springen",
      navigation: "Ansichten",
      settings: "Einstellungen",
      language: "Sprache",
      languages: { browser: "Browser", en: "English", de: "Deutsch" },
      theme: "Darstellung",
      themes: { system: "System", light: "Hell", dark: "Dunkel" },
      user: (name) => `Angemeldet als ${name}`,
      sign_out: "Abmelden",
      lost: {
        connecting: () => "Der Server antwortet noch nicht. Es wird von selbst weiter versucht.",
        resuming: (time) => `Vom Server ist seit ${time} nichts zu hören; was zu sehen ist, ist von davor. Es wird von selbst weiter versucht.`,
        offline: (time) => `Offline seit ${time}; was zu sehen ist, ist von davor. Die Verbindung kommt von selbst wieder.`,
        stale: (time) => `Der Server hört seit ${time} nichts von seiner Datenbank; was zu sehen ist, kann alt sein.`,
        origin: () => "Der Server lässt diese Seite keine Verbindung öffnen: WINDSOCK_ORIGINS nennt ihre Adresse nicht.",
        denied: (time) => `Kein Zugang seit ${time}; was zu sehen ist, ist von davor.`,
      },
      back: {
        recovered: (number, count) => (count === 1 ? "wieder da, 1 Messwert nachgeholt" : `wieder da, ${number} Messwerte nachgeholt`),
        nothing: "wieder da, nichts wurde verpasst",
        anew: "wieder da, aber nicht alles inzwischen Gesendete war nachzuholen: neu geladen",
        plain: "wieder live",
      },
      failed: {
        title: "Diese Ansicht kann nicht gezeigt werden",
        load: "Sie ließ sich nicht vom Server laden.",
        error: (message) => `Ein Fehler ist aufgetreten: ${message}`,
        later: (message) => `Etwas auf dieser Seite ist fehlgeschlagen: ${message}`,
        again: "Noch einmal versuchen",
      },
      login: {
        title: "Anmelden",
        why: {
          none: "Wer diesen Windsock ansieht, braucht ein Token.",
          expired: "Das Token ist abgelaufen. Es braucht ein neues.",
          refused: "Der Server nimmt dieses Token nicht an.",
          revoked: "Der Server nimmt dieses Token nicht mehr an.",
          ended: "Der Server hat diese Verbindung beendet. Es wird von selbst weiter versucht; oder mit einem anderen Token anmelden.",
        },
        token: "Token",
        hint: "Wer diesen Windsock betreibt, stellt eines aus:",
        sign_in: "Anmelden",
      },
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

// The language of the texts for a locale; English where there are none in its own.
export function languageOf(locale) {
  const own = locale?.split("-")[0];
  return Object.hasOwn(ALL, own) ? own : "en";
}

export function textsOf(locale) {
  return ALL[languageOf(locale)];
}

// The same words under the same names in every language: a test compares them.
export const languages = Object.keys(ALL);
