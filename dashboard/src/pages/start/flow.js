// What is known while a session is being prepared. It lives only as long as the page: answers about health stay off the tablet.
import {all, get, post} from "../../data/api.js";

export const STEPS = ["guest", "questions", "routine", "prepare"];

export const empty = () => ({
  step: "guest", guest: undefined, course: null, skin: false, answers: {}, acknowledged: [], clearances: {},
  screening: null, reused: false, routine: null, judged: null,
});

/** Another guest: nothing of the one before may stay. */
export const forGuest = (guest, course = null) => ({...empty(), guest, course, step: "questions"});

const anyYes = (answers) => Object.values(answers).some(Boolean);

export function intakeOf(s) {
  const clearances = Object.entries(s.clearances).filter(([, each]) => each.by?.trim() && each.on).map(([kind, each]) => ({kind, by: each.by.trim(), on: each.on}));
  return {
    ...(anyYes(s.answers) ? {answers: {...s.answers, "skin-check": true}} : {none_apply: true}),
    ...(s.acknowledged.length && {acknowledged: s.acknowledged}),
    ...(clearances.length && {clearances}),
  };
}

/** The answers of a screening that is still of today. */
export const answersOf = (intake) => ({
  skin: true,
  answers: Object.fromEntries(Object.entries(intake.answers ?? {}).filter(([id]) => id !== "skin-check")),
  acknowledged: intake.acknowledged ?? [],
  clearances: Object.fromEntries((intake.clearances ?? []).map(({kind, by, on}) => [kind, {by, on}])),
});

/** Judges what the guest answered, for one routine or for any. The server keeps it, whatever comes out. */
export const judge = (siteId, s, routine) =>
  post("/screenings", {site_id: siteId, guest: s.guest, ...(routine && {routine}), intake: intakeOf(s)});

/** Guests that were here lately or have a course, courses that are due first: [{guest, course, last}]. */
export async function knownGuests(siteId, today) {
  const [sessions, courses] = await Promise.all([
    get("/sessions", {site_id: siteId, limit: 200}),
    all("/courses", {site_id: siteId, state: "active"}, {most: 1000}),
  ]);
  const found = new Map();
  const due = courses.filter((each) => each.progress.next && each.progress.next.date <= today)
    .sort((a, b) => a.progress.next.starts_at.localeCompare(b.progress.next.starts_at));
  for (const course of due) if (!found.has(course.guest)) found.set(course.guest, {guest: course.guest, course, last: null});
  for (const session of sessions.items) {
    if (!session.guest) continue;
    const known = found.get(session.guest);
    if (!known) found.set(session.guest, {guest: session.guest, course: null, last: session.routine});
    else known.last ??= session.routine;
  }
  return [...found.values()];
}

/** The screening of today of this guest at this site, whole; null: none. */
export async function todaysScreening(siteId, guest) {
  if (!guest) return null;
  const list = await get("/screenings", {site_id: siteId, limit: 200});
  const found = list.items.find((each) => each.today && each.guest === guest);
  return found ? get(`/screenings/${found.id}`) : null;
}


/** Why a routine cannot run here: a key of the texts with its values; null: nothing is known against it. */
export function obstacle(routine, model, caps) {
  if (!routine.models.includes(model)) return ["start.needs_model", {models: routine.models}];
  if (caps?.total_max_s && routine.duration_s > caps.total_max_s) return ["start.too_long", {n: Math.floor(caps.total_max_s / 60)}];
  if (caps?.barred.includes("acupressure") && routine.type === "acupressure") return ["start.bars_acupressure", {}];
  if (caps?.barred.includes("electric") && model !== "by-hand" && !routine.models.includes("by-hand")) return ["start.bars_machine", {}];
  return null;
}
