// The disinfection log: what was recorded in a period, and the same as a file for a spreadsheet.
import {get} from "./api.js";

const MOST = 5000;

/** "2026-11-26" where the site is. */
export const dayOf = (text, zone) => new Intl.DateTimeFormat("en-CA", {timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit"}).format(text ? new Date(text) : new Date());
export const timeOf = (text, zone) => new Intl.DateTimeFormat("en-GB", {timeZone: zone, hour: "2-digit", minute: "2-digit"}).format(new Date(text));

/** Records whose day at their site is within from..to ("2026-11-01"), newest first; cut: there were more than are read.
 *  zoneOf(record) is its site's. The server has the latest recorded first, and nothing is recorded before it is done: what was
 *  recorded a day before the period ends the reading. */
export async function readCleanings({from, to, site, device}, zoneOf, signal) {
  const items = [];
  let cursor, read = 0, early = false;
  const end = Date.parse(`${from}T00:00:00Z`) - 86400000;
  do {
    const page = await get("/cleanings", {limit: 200, site_id: site, device_id: device, cursor}, {signal});
    for (const each of page.items) {
      const day = dayOf(each.done_at, zoneOf(each));
      if (day >= from && day <= to) items.push(each);
      early ||= Date.parse(each.created_at) < end;
    }
    read += page.items.length;
    cursor = page.next_cursor;
  } while (cursor && !early && read < MOST);
  items.sort((a, b) => (a.done_at < b.done_at ? 1 : -1));
  return {items, cut: !!cursor && !early};
}

/* A spreadsheet must not take what staff wrote for a formula. */
const cell = (value) => {
  const text = value === null || value === undefined ? "" : String(value);
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

/** rows: lists of values. RFC 4180, with the mark by which spreadsheets know UTF-8. */
export function saveCsv(name, rows) {
  const text = `\ufeff${rows.map((row) => row.map(cell).join(",")).join("\r\n")}\r\n`;
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], {type: "text/csv;charset=utf-8"}));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
