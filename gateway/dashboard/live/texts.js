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
      closer: "Zoom in",
      wider: "Zoom out",
      keys: (label) => `Chart ${label}: plus and minus zoom, arrows move, 0 is live`,
    },
    // ---- overview
    overview: {
    },
    // ---- device
    device_view: {
    },
    // ---- metric
    metric_view: {
      all: "All metrics",
      search_metrics: "Search metrics",
      devices: (count) => (count === "1" ? "1 device" : `${count} devices`),
      none: "No device has reported anything yet.",
      nobody: (metric) => `No device reports ${metric} yet. It appears here as soon as one does.`,
      no_match: "Nothing matches.",
      window: "Window",
      windows: { "15m": "15 minutes", "1h": "1 hour" },
      sort: "Order",
      sorts: { highest: "highest first", lowest: "lowest first", name: "by name", seen: "last seen first" },
      search: "Search devices",
      no_unit: "no unit",
      several_units: "Devices report this in different units; each is ranked by itself.",
      now: "now, over all devices",
      lowest: "lowest",
      highest: "highest",
      mean: "mean",
      reporting: "devices",
      silent: (count) => `${count} silent`,
      ranking: "Devices by rank",
      rank: "Rank",
      drawn: "Line",
      device: "Device",
      value: "Value",
      seen: "Last seen",
      actions: "Actions",
      draw: (device) => `Draw the line of ${device}`,
      only: "only",
      only_of: (device) => `Draw only ${device}`,
      automatic: "Draw the first of the list",
      drawn_first: (drawn) => `Lines of the first ${drawn} of the list.`,
      drawn_chosen: (drawn) => (drawn === "1" ? "The line that you chose." : `The ${drawn} lines that you chose.`),
      most_lines: (most) => `At most ${most} lines are drawn.`,
      rows: (from, to, all) => `${from}–${to} of ${all}`,
      before: "Before",
      after: "After",
      loading: "Reading the devices …",
      many: (count) => `More than ${count} devices: the others are not shown.`,
      off: (metric) =>
        `The group topic metric:${metric} brings nothing (WINDSOCK_GROUP_TOPICS is off): ` +
        "the list is read again every 15 seconds, and lines come from each device.",
      denied: (metric) =>
        `The group topic metric:${metric} is not for you: the list, of the devices that you may see, ` +
        "is read again every 15 seconds, and lines come from each device.",
    },
    // ---- weather
    weather: {
      city: "City",
      add: "Add",
      asking: (city) => `asking for ${city} …`,
      added: (name) => `${name} is added`,
      already: (name) => `${name} is here already`,
      short: "a city's name has 2 to 100 letters",
      unknown: (city) => `no place is called “${city}”`,
      several: (city) => `several places are called “${city}”: which one?`,
      unnamed: (city) =>
        `several places are called “${city}”: name its country or region too, such as “Springfield, Illinois”`,
      denied: (city) => `the weather of “${city}” is not for you`,
      full: (most) => `you have ${most} cities, as many as there may be: remove one first`,
      crowded: (city) =>
        `the server follows as many places as it may: “${city}” is asked for again every 30 seconds`,
      down: (city) => `no weather service tells of “${city}” now: it is asked again every 30 seconds`,
      leave: "none of them",
      nothing: "No places yet. Add a city above.",
      loading: "Reading the places …",
      unread: "The places of the server cannot be read now; that is tried again every 30 seconds.",
      many: (count) => (count === "1" ? "1 more place is not shown." : `${count} more places are not shown.`),
      remove: (name) => `Remove ${name}`,
      none: "no observation yet; it appears as soon as there is one",
      stale: "stale",
      why: (reason) => `nothing newer: ${reason}`,
      late: "nothing newer came in time",
      metrics: {
        temperature: "Temperature", apparent_temperature: "Feels like", humidity: "Humidity", wind_speed: "Wind",
        wind_gusts: "Gusts", precipitation: "Precipitation", pressure: "Pressure", cloud_cover: "Clouds",
        dew_point: "Dew point", visibility: "Visibility", wind_direction: "Wind direction",
      },
      from: (point) => `from ${point}`,
      points: ["N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE", "S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW"],
      menu: (name) => `Pin and alerts: ${name}`,
      chart: (name) => `The last hours of ${name}`,
      close: "Close the chart",
      window: "Window",
      windows: { "6h": "6 hours", "24h": "24 hours" },
      no_past: "no readings in this time",
      // Weather codes of the WMO: open-meteo.com/en/docs, "WMO Weather interpretation codes", and sleet of table 4677.
      codes: {
        0: "clear", 1: "mainly clear", 2: "partly cloudy", 3: "overcast", 45: "fog", 48: "rime fog",
        51: "light drizzle", 53: "drizzle", 55: "dense drizzle", 56: "light freezing drizzle", 57: "freezing drizzle",
        61: "light rain", 63: "rain", 65: "heavy rain", 66: "light freezing rain", 67: "freezing rain",
        68: "light sleet", 69: "sleet", 71: "light snow", 73: "snow", 75: "heavy snow", 77: "snow grains",
        80: "light rain showers", 81: "rain showers", 82: "violent rain showers", 83: "light sleet showers",
        84: "sleet showers", 85: "snow showers", 86: "heavy snow showers", 95: "thunderstorm",
        96: "thunderstorm with slight hail", 99: "thunderstorm with heavy hail",
      },
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
      closer: "Näher heran",
      wider: "Weiter weg",
      keys: (label) => `Diagramm ${label}: Plus und Minus vergrößern und verkleinern, Pfeile verschieben, 0 ist live`,
    },
    // ---- overview
    overview: {
    },
    // ---- device
    device_view: {
    },
    // ---- metric
    metric_view: {
      all: "Alle Messgrößen",
      search_metrics: "Messgrößen suchen",
      devices: (count) => (count === "1" ? "1 Gerät" : `${count} Geräte`),
      none: "Noch hat kein Gerät etwas gemeldet.",
      nobody: (metric) => `Noch meldet kein Gerät ${metric}. Es erscheint hier, sobald eines es tut.`,
      no_match: "Nichts passt.",
      window: "Zeitraum",
      windows: { "15m": "15 Minuten", "1h": "1 Stunde" },
      sort: "Reihenfolge",
      sorts: { highest: "größte zuerst", lowest: "kleinste zuerst", name: "nach Namen", seen: "zuletzt gehörte zuerst" },
      search: "Geräte suchen",
      no_unit: "ohne Einheit",
      several_units: "Die Geräte melden dies in verschiedenen Einheiten; jede hat ihre eigene Rangliste.",
      now: "jetzt, über alle Geräte",
      lowest: "kleinster",
      highest: "größter",
      mean: "Mittel",
      reporting: "Geräte",
      silent: (count) => `${count} stumm`,
      ranking: "Geräte nach Rang",
      rank: "Rang",
      drawn: "Linie",
      device: "Gerät",
      value: "Wert",
      seen: "Zuletzt",
      actions: "Aktionen",
      draw: (device) => `Linie von ${device} zeichnen`,
      only: "nur",
      only_of: (device) => `Nur ${device} zeichnen`,
      automatic: "Die ersten der Liste zeichnen",
      drawn_first: (drawn) => `Linien der ersten ${drawn} der Liste.`,
      drawn_chosen: (drawn) => (drawn === "1" ? "Die Linie, die Sie gewählt haben." : `Die ${drawn} Linien, die Sie gewählt haben.`),
      most_lines: (most) => `Höchstens ${most} Linien werden gezeichnet.`,
      rows: (from, to, all) => `${from}–${to} von ${all}`,
      before: "Vorige",
      after: "Nächste",
      loading: "Die Geräte werden gelesen …",
      many: (count) => `Mehr als ${count} Geräte: die übrigen werden nicht gezeigt.`,
      off: (metric) =>
        `Das Gruppenthema metric:${metric} bringt nichts (WINDSOCK_GROUP_TOPICS ist aus): ` +
        "die Liste wird alle 15 Sekunden neu gelesen, und Linien kommen von jedem Gerät.",
      denied: (metric) =>
        `Das Gruppenthema metric:${metric} ist Ihnen nicht erlaubt: die Liste, mit Geräten, die Sie sehen dürfen, ` +
        "wird alle 15 Sekunden neu gelesen, und Linien kommen von jedem Gerät.",
    },
    // ---- weather
    weather: {
      city: "Stadt",
      add: "Hinzufügen",
      asking: (city) => `${city} wird erfragt …`,
      added: (name) => `${name} ist hinzugefügt`,
      already: (name) => `${name} ist schon da`,
      short: "der Name einer Stadt hat 2 bis 100 Zeichen",
      unknown: (city) => `kein Ort heißt „${city}“`,
      several: (city) => `mehrere Orte heißen „${city}“: welcher?`,
      unnamed: (city) => `mehrere Orte heißen „${city}“: nennen Sie auch Land oder Region, etwa „Springfield, Illinois“`,
      denied: (city) => `das Wetter von „${city}“ ist Ihnen nicht erlaubt`,
      full: (most) => `Sie haben ${most} Städte, mehr sind nicht möglich: entfernen Sie zuerst eine`,
      crowded: (city) =>
        `der Server verfolgt so viele Orte, wie er darf: „${city}“ wird alle 30 Sekunden erneut erfragt`,
      down: (city) => `kein Wetterdienst sagt jetzt etwas über „${city}“: er wird alle 30 Sekunden erneut gefragt`,
      leave: "keiner davon",
      nothing: "Noch keine Orte. Fügen Sie oben eine Stadt hinzu.",
      loading: "Die Orte werden gelesen …",
      unread: "Die Orte des Servers sind jetzt nicht lesbar; das wird alle 30 Sekunden erneut versucht.",
      many: (count) =>
        count === "1" ? "1 weiterer Ort wird nicht gezeigt." : `${count} weitere Orte werden nicht gezeigt.`,
      remove: (name) => `${name} entfernen`,
      none: "noch keine Beobachtung; sie erscheint, sobald es eine gibt",
      stale: "veraltet",
      why: (reason) => `nichts Neueres: ${reason}`,
      late: "nichts Neueres kam rechtzeitig",
      metrics: {
        temperature: "Temperatur", apparent_temperature: "Gefühlt", humidity: "Feuchte", wind_speed: "Wind",
        wind_gusts: "Böen", precipitation: "Niederschlag", pressure: "Luftdruck", cloud_cover: "Wolken",
        dew_point: "Taupunkt", visibility: "Sicht", wind_direction: "Windrichtung",
      },
      from: (point) => `aus ${point}`,
      points: ["N", "NNO", "NO", "ONO", "O", "OSO", "SO", "SSO", "S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW"],
      menu: (name) => `Anheften und Alarme: ${name}`,
      chart: (name) => `Die letzten Stunden: ${name}`,
      close: "Diagramm schließen",
      window: "Zeitraum",
      windows: { "6h": "6 Stunden", "24h": "24 Stunden" },
      no_past: "keine Messwerte in dieser Zeit",
      // Weather codes of the WMO: open-meteo.com/en/docs, "WMO Weather interpretation codes", and sleet of table 4677.
      codes: {
        0: "klar", 1: "überwiegend klar", 2: "teils bewölkt", 3: "bedeckt", 45: "Nebel", 48: "Nebel mit Reif",
        51: "leichter Nieselregen", 53: "Nieselregen", 55: "dichter Nieselregen",
        56: "leichter gefrierender Nieselregen", 57: "gefrierender Nieselregen", 61: "leichter Regen", 63: "Regen",
        65: "starker Regen", 66: "leichter gefrierender Regen", 67: "gefrierender Regen", 68: "leichter Schneeregen",
        69: "Schneeregen", 71: "leichter Schneefall", 73: "Schneefall", 75: "starker Schneefall", 77: "Schneegriesel",
        80: "leichte Regenschauer", 81: "Regenschauer", 82: "heftige Regenschauer", 83: "leichte Schneeregenschauer",
        84: "Schneeregenschauer", 85: "Schneeschauer", 86: "starke Schneeschauer", 95: "Gewitter",
        96: "Gewitter mit leichtem Hagel", 99: "Gewitter mit starkem Hagel",
      },
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
