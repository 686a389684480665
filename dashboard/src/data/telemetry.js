// What a unit measured, ready to be drawn: as few points as the picture needs, and a gap where nothing was measured.
import {get} from "./api.js";

const POINTS_MAX = 2000;
const SPANS = [["raw", 1000], ["10s", 10000], ["1m", 60000], ["10m", 600000], ["1h", 3600000]];
const GAP_MIN_MS = 5000; // samples come once a second; a few that are late are no gap

/** The finest resolution that keeps a span of time within the points. */
export const resolutionFor = (spanMs) => SPANS.find(([, each]) => spanMs / each <= POINTS_MAX / 2) ?? SPANS.at(-1);

const FIELDS = {water: "water_c", waterMin: "water_min_c", waterMax: "water_max_c", target: "target_c", intensity: "intensity", current: "current_ma",
  currentMax: "current_max_ma"};

/** {at: [seconds], water: [], ...}: columns of one length; null where there is nothing. */
export function columnsOf(points, stepMs) {
  const columns = {at: [], ...Object.fromEntries(Object.keys(FIELDS).map((name) => [name, []]))};
  let before = null;
  for (const point of points) {
    const at = Date.parse(point.at);
    if (before !== null && at - before > Math.max(GAP_MIN_MS, 2.5 * stepMs)) {
      columns.at.push((before + 1) / 1000);
      for (const name of Object.keys(FIELDS)) columns[name].push(null);
    }
    columns.at.push(at / 1000);
    for (const [name, field] of Object.entries(FIELDS)) columns[name].push(point[field] ?? null);
    before = at;
  }
  return columns;
}

/** from, to: milliseconds. session: only what was measured in it. */
export async function readTelemetry({device, session, from, to}, signal) {
  const [resolution, stepMs] = resolutionFor(to - from);
  const params = {from: new Date(from).toISOString(), to: new Date(to).toISOString(), resolution, session_id: session, limit: 1000};
  const points = [];
  let cursor;
  do {
    const page = await get(`/devices/${device}/telemetry`, cursor ? {...params, cursor} : params, {signal});
    points.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor && points.length < POINTS_MAX);
  return {columns: columnsOf(points, stepMs), stepMs, from, to};
}

/** {min, max, last} of a column; null when it has nothing. The last one is that of its newest point. */
export function summary(column) {
  const there = column.filter((each) => each !== null);
  if (!there.length) return null;
  return {min: there.reduce((a, b) => Math.min(a, b)), max: there.reduce((a, b) => Math.max(a, b)), last: there.at(-1)};
}
