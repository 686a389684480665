// The disinfection log of a period, and what is due by the rules of each site.
import {all, get, request} from "./api.js";
import {saveText} from "./save.js";

const MOST = 5000, AT_ONCE = 6, UNITS_MOST = 1000;

/* How far the clocks of a zone are ahead of UTC at an instant. */
function ahead(ms, zone) {
  const wall = new Intl.DateTimeFormat("sv-SE", {timeZone: zone, dateStyle: "short", timeStyle: "medium"}).format(new Date(ms));
  return Date.parse(`${wall.replace(" ", "T")}Z`) - ms;
}

/** When a day begins in a zone, n days after `day`. The second look is for days on which the clocks change. */
export function beginOf(day, zone, n = 0) {
  const wall = Date.parse(`${day}T00:00:00Z`) + n * 86400000;
  const near = wall - ahead(wall, zone);
  return new Date(wall - ahead(near, zone)).toISOString();
}

const params = ({from, to, zone, site, device}) => ({from: beginOf(from, zone), to: beginOf(to, zone, 1), site_id: site, device_id: device});

/** Days from..to ("2026-11-01", both included, of the clocks in `zone`), newest first; cut: there were more than are read. */
export async function readCleanings(period) {
  const items = await all("/cleanings", params(period), {most: MOST});
  return {items, cut: items.length >= MOST};
}

/** What is due by the rules, and days out of use: Map of device id to the answer of the server. */
export async function readHygiene(ids, signal) {
  const found = new Map(), waiting = ids.slice(0, UNITS_MOST);
  await Promise.all(Array.from({length: AT_ONCE}, async () => {
    for (let id = waiting.shift(); id; id = waiting.shift()) found.set(id, await get(`/devices/${id}/hygiene`, undefined, {signal}));
  }));
  return found;
}

/** The server's own table of that period, saved as a file. */
export async function saveCsv(period) {
  const {data} = await request("GET", "/cleanings", {params: params(period), accept: "text/csv"});
  saveText(`disinfections-${period.from}-${period.to}.csv`, data, "text/csv;charset=utf-8");
}
