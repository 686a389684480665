// When a unit was connected, as pieces of time. What nobody watched is told as unknown, never guessed.
import {all, get} from "./api.js";

const MOST = 1000; // changes read for a picture; what lies before them counts as unknown
const BEHIND_MS = 20000; // the server says every few seconds that it watches

const ms = (text) => new Date(text).getTime();

/** Changes, newest first, as pieces [{from, to, is}] of the time from..to; is: true, false, or null where it is not known. */
export function pieces(changes, before, watchedUntil, from, to) {
  const out = [];
  let at = from, is = before ? before.connected : null;
  const until = (end, what) => {
    const stop = Math.min(Math.max(end, at), to);
    const last = out.at(-1);
    if (stop > at && last?.is === what) last.to = stop;
    else if (stop > at) out.push({from: at, to: stop, is: what});
    at = Math.max(at, stop);
  };
  for (const each of [...changes].reverse()) {
    if (each.not_before) until(ms(each.not_before), is);
    until(ms(each.at), each.not_before ? null : is);
    is = each.connected;
  }
  const watched = watchedUntil ? ms(watchedUntil) : from;
  if (to - watched > BEHIND_MS) until(watched, is);
  until(to, to - watched > BEHIND_MS ? null : is);
  return out;
}

/** The part of the time that is known in which it was connected; null: none is known. */
export function share(list) {
  const sum = (is) => list.filter((each) => each.is === is).reduce((n, each) => n + each.to - each.from, 0);
  const on = sum(true), off = sum(false);
  return on + off ? on / (on + off) : null;
}

/** The last hours of a unit: {from, to, pieces, share, latest}. */
export async function presence(id, hours, signal) {
  const path = `/devices/${id}/presence`, to = Date.now(), from = to - hours * 3600000, start = new Date(from).toISOString();
  const [newest, changes, before] = await Promise.all([get(path, {limit: 8}, {signal}), all(path, {from: start}, {most: MOST}), get(path, {to: start, limit: 1}, {signal})]);
  const list = pieces(changes, changes.length < MOST ? before.items[0] : null, newest.watched_until, from, to);
  return {from, to, pieces: list, share: share(list), latest: newest.items};
}
