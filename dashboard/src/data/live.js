// The floor as it is now: every device in a signal of its own, so that an event repaints one tile. Events are gathered and
// applied once a frame, however many come.
import {batch, computed, signal} from "@preact/signals";
import {all, get} from "./api.js";
import {listen, startStream} from "./stream.js";

const devices = new Map(); // id -> signal of a device, with .session (live) and .alarms (open ones)
/** Changes when a device comes, goes, or moves between groups that filters look at. */
export const shape = signal(0);
/** undefined: not read yet. */
export const ready = signal(undefined);
export const sites = signal([]);
/** Open and acknowledged alarms by id. */
export const alarms = signal(new Map());
/** False until the alarms that stand have been read: what comes after that is new. */
export const alarmsRead = signal(false);
/** Seconds, for everything that counts down. */
export const now = signal(Date.now());

export const openAlarms = computed(() => [...alarms.value.values()].filter((each) => !each.cleared_at));

export const device = (id) => devices.get(id);
export function deviceList() {
  shape.value; // depend on it
  return [...devices.values()];
}

const others = new Set();
/** fn(type, data) for pages that keep something else fresh; returns a function that ends it. */
export function onEvent(fn) {
  others.add(fn);
  return () => others.delete(fn);
}

function put(row) {
  const known = devices.get(row.id);
  const value = {...row, session: row.session && {...row.session, at: Date.now()}};
  if (known) known.value = {...known.peek(), ...value};
  else devices.set(row.id, signal(value));
}

const GROUPING = ["mode", "cleaning", "connected", "fresh", "ready", "service", "site_id", "name"];
const differs = (a, b) => GROUPING.some((key) => a[key] !== b[key]) || (a.faults?.length ?? 0) !== (b.faults?.length ?? 0) ||
  !!a.session !== !!b.session;

let pending = [], frame = 0;

function changeDevice(id, change) {
  const known = devices.get(id);
  if (!known) return false;
  const before = known.peek(), after = {...before, ...change(before)};
  known.value = after;
  return differs(before, after);
}

const named = (session, e) => (e.routine_name && session.id === e.session_id ? {...session, routine_name: e.routine_name} : session);

const appliers = {
  device: (e) => changeDevice(e.device_id, (d) => ({
    connected: e.connected, fresh: e.fresh, ready: e.ready, mode: e.mode ?? d.mode, faults: e.faults, rinse: e.rinse, cleaning: e.cleaning, simulated: e.simulated,
    last_seen_at: e.heard_at ?? d.last_seen_at,
    session: e.session_id ? d.session && named(d.session, e) : d.session && e.mode !== "session" ? null : d.session,
    values: d.values || e.water_c !== null ? {...d.values, water_c: e.water_c, at: e.heard_at} : d.values,
  })),
  session: (e) => e.device_id ? changeDevice(e.device_id, (d) => ({
    session: e.ended_at ? null : {
      id: e.session_id, state: e.state, reason: e.reason, step: e.step, step_count: e.step_count, elapsed_ms: e.elapsed_ms,
      remaining_ms: e.remaining_ms, intensity: e.intensity, target_c: e.target_c, started_at: e.started_at, routine: e.routine, at: Date.now(),
      routine_name: d.session?.id === e.session_id ? d.session.routine_name : undefined,
    },
  })) : false,
  cleaning: (e) => changeDevice(e.device_id, () => ({
    cleaning: e.cleaning, rinse: e.rinse,
    ...("disinfecting" in e && {disinfecting: e.disinfecting && {kind: e.disinfecting, started_at: e.disinfecting_since}}),
  })),
  alarm: (e) => {
    const next = new Map(alarms.peek());
    const id = e.alarm_id ?? e.id;
    if (e.cleared_at) next.delete(id);
    else next.set(id, {...next.get(id), ...e, id});
    alarms.value = next;
    return false;
  },
};

function apply() {
  frame = 0;
  const events = pending;
  pending = [];
  batch(() => {
    let regrouped = false;
    for (const {type, data} of events) regrouped = appliers[type](data) || regrouped;
    if (regrouped) shape.value++;
  });
}

function hear(type, data) {
  if (type === "resync") {
    load();
  } else if (appliers[type]) {
    pending.push({type, data});
    // A page in the background gets no frames: it must not gather for ever.
    if (!frame) frame = document.hidden ? setTimeout(apply, 200) : requestAnimationFrame(apply);
  }
  for (const fn of others) fn(type, data);
}

async function loadAlarms() {
  const list = await all("/alarms", {state: "open"}).catch((problem) => {
    if (problem.status === 404) return [];
    throw problem;
  });
  const acknowledged = await all("/alarms", {state: "acknowledged"}).catch(() => []);
  batch(() => {
    alarms.value = new Map([...list, ...acknowledged].map((each) => [each.id, each]));
    alarmsRead.value = true;
  });
}

/** Reads one device anew, after it was made or changed here. */
export async function refreshDevice(id) {
  const row = await get(`/devices/${id}`);
  batch(() => { put(row); shape.value++; });
  return row;
}

async function loadOnce() {
  const seen = new Set();
  const places = get("/sites", {limit: 200});
  places.catch(() => {}); // it is awaited below
  await all("/devices", {}, {
    onPage: (page) => batch(() => {
      for (const row of page) { put(row); seen.add(row.id); }
      ready.value = true;
      shape.value++;
    }),
  });
  sites.value = (await places).items;
  for (const id of devices.keys()) if (!seen.has(id)) devices.delete(id);
  ready.value = true;
  shape.value++;
  await loadAlarms();
}

const RETRY_MS = [1000, 2000, 5000, 10000];
let lives = 0, loading = false, again = false;

/** Reads everything anew; tiles show as soon as the first page is there. What fails is tried until it is read: a floor that is
 * half old would look like one that is true. Asked for meanwhile, it reads once more when it is done. */
export async function load() {
  again = true;
  if (loading) return;
  loading = true;
  const life = lives;
  for (let tries = 0; again && life === lives;) {
    again = false;
    try {
      await loadOnce();
      tries = 0;
    } catch (problem) {
      ready.value = ready.peek() ?? problem;
      if (problem.status === 401 || problem.status === 403) break;
      again = true;
      await new Promise((done) => setTimeout(done, RETRY_MS[Math.min(tries++, RETRY_MS.length - 1)]));
    }
  }
  if (life === lives) loading = false;
}

/** Begins; returns a function that ends it and forgets everything. */
export function startLive() {
  const unlisten = listen(hear);
  const stopStream = startStream();
  const clock = setInterval(() => { now.value = Date.now(); }, 1000);
  load();
  return () => {
    lives++;
    loading = false;
    unlisten();
    stopStream();
    clearInterval(clock);
    devices.clear();
    alarms.value = new Map();
    alarmsRead.value = false;
    ready.value = undefined;
  };
}

/** What remains of a session now, counted on from the last word. */
export function remainingMs(session, at = now.value) {
  if (!session) return 0;
  const running = session.state === "running" || session.state === "waiting";
  return Math.max(0, session.remaining_ms - (running ? Math.max(0, at - session.at) : 0));
}
