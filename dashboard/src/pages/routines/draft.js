// A draft while it is edited: its contents with a key for each step, what is plainly wrong with it, and what the server refused.
import {t} from "../../texts/index.js";
import {faultWords, noteWords} from "../../texts/told.js";

let count = 0;
const keyed = (step) => ({key: `s${++count}`, step});

export const draftFrom = ({steps, ...head}) => ({head, steps: steps.map(keyed)});
export const contentOf = ({head, steps}) => ({...head, steps: steps.map((each) => each.step)});

/** The step's property; undefined takes it away. */
export function withValue(step, name, value) {
  const {[name]: _, ...rest} = step;
  return value === undefined || value === "" || (Array.isArray(value) && value.length === 0) ? rest : {...rest, [name]: value};
}

export const addStep = (draft, at, step) => ({...draft, steps: draft.steps.toSpliced(at, 0, keyed(step))});
export const removeStep = (draft, key) => ({...draft, steps: draft.steps.filter((each) => each.key !== key)});
export const changeStep = (draft, key, step) => ({...draft, steps: draft.steps.map((each) => (each.key === key ? {key, step} : each))});

export function moveStep(draft, key, to) {
  const from = draft.steps.findIndex((each) => each.key === key);
  const at = Math.max(0, Math.min(draft.steps.length - 1, to));
  return from < 0 || from === at ? draft : {...draft, steps: draft.steps.toSpliced(from, 1).toSpliced(at, 0, draft.steps[from])};
}

/* As the API's contract has them. */
export const BOUNDS = {
  duration_s: [1, 3600], repetitions: [1, 100], repetition_s: [1, 3600], intensity: [0, 100], intensity_end: [1, 100], water_c: [10, 43],
};
export const MOST_STEPS = 200, MOST_ZONES = 8;

/** What is plainly wrong with a step: {property: words}. The server has the last word. */
export function faultsOf(step, technique) {
  const faults = {};
  for (const [name, [low, high]] of Object.entries(BOUNDS)) {
    const value = step[name];
    if (value === undefined) continue;
    if (!(value >= low && value <= high)) faults[name] = t("editor.between", {low, high});
    else if (name !== "water_c" && !Number.isInteger(value)) faults[name] = t("editor.whole");
  }
  if (step.duration_s === undefined && step.repetitions === undefined) faults["repetitions" in step ? "repetitions" : "duration_s"] = t("editor.needs_time");
  if ((step.zones?.length ?? 0) > MOST_ZONES) faults.zones = t("editor.most_zones", {n: MOST_ZONES});
  if (technique && step.mode === "guided" && !technique.by_hand) faults.mode = t("editor.not_by_hand");
  return faults;
}

/** Where a refusal belongs: {head: {property: words}, steps: {key: {property: words}}, rest: [words]}; of a step itself the property is "". */
export function placed(problem, draft) {
  const found = {head: {}, steps: {}, rest: []};
  const {notes, model} = problem.body ?? {};
  const put = (step, name, words) => { (found.steps[step.key] ??= {})[name] ??= words; };
  if (notes) {
    for (const each of notes) (each.routine_step === null ? found.rest.push(noteWords(each, model)) : put(draft.steps[each.routine_step], "", noteWords(each, model)));
    return found;
  }
  for (const {pointer = "", ...fault} of problem.errors ?? []) {
    const detail = faultWords(fault);
    const [, first, index, name = ""] = pointer.split("/");
    const step = first === "steps" && draft.steps[index];
    if (step) put(step, name, detail);
    else if (first && first !== "steps") found.head[first] ??= detail;
    else found.rest.push(detail);
  }
  return found;
}

// What was not saved when the page was left; it is offered again when the page is opened.
const left = new Map();
export const leave = (slug, unsaved) => (unsaved ? left.set(slug, unsaved) : left.delete(slug));
export const leftOf = (slug, version) => (left.get(slug)?.version === version ? left.get(slug) : undefined);
