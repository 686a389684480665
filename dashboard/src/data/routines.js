// Names of routines where only their slug is known: read once, and those that are no longer offered as they come up.
import {signal} from "@preact/signals";
import {said} from "../texts/index.js";
import {all, get} from "./api.js";

const names = signal({});
let list;
const asked = new Set();
const add = (items) => { names.value = {...names.peek(), ...Object.fromEntries(items.map((each) => [each.slug, each.name]))}; };

/* A name that cannot be read is no trouble: the slug stands there. */
async function find(slug) {
  list ??= all("/routines").then(add, () => {});
  await list;
  if (!(slug in names.peek())) await get(`/routines/${slug}`).then((routine) => add([routine]), () => {});
}

/** The name, or the slug until it is known. */
export function routineName(slug) {
  if (!slug) return "";
  if (!asked.has(slug)) { asked.add(slug); find(slug); }
  return said("routine_name", names.value[slug]) ?? slug;
}
