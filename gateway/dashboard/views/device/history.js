// A device's stored readings of a span of time, page by page.

const PAGE = 1_000;

// The address of the first page: readings with fromMs <= ts <= toMs in the order of their own time.
export function historyPath(topic, { fromMs, toMs }) {
  const asked = { topic, order: "ts", limit: PAGE, since: Math.max(0, Math.floor(fromMs)), until: Math.ceil(toMs) + 1 };
  return `/api/history?${new URLSearchParams(asked)}`;
}

// {readings, cut}: at most `most` of them; `cut` tells that there are more, or that older ones were not looked at.
// `read(path)` fetches the JSON of a page; `progress(count)` is told of each.
export async function readHistory(read, topic, span, { most, progress = () => {} }) {
  const readings = [];
  let cut = false;
  for (let path = historyPath(topic, span); path; ) {
    const page = await read(path);
    readings.push(...page.publications.map(({ data }) => data));
    cut ||= page.truncated;
    path = page.next;
    progress(readings.length);
    if (readings.length >= most && path) return { readings: readings.slice(0, most), cut: true };
  }
  return { readings, cut };
}
