// A routine's steps in words, and their time.
import {celsius, clock} from "../../format.js";
import {named, t, word} from "../../texts/index.js";

export const TYPES = ["classic", "anti-cellulite", "acupressure", "lymphatic-drainage", "vacuum", "therapy"];
export const GOALS = ["circulation", "lymph", "stress", "sleep", "recovery", "pain", "posture", "pms", "energy", "neuropathy", "rehabilitation"];
export const HANDS = ["device", "mixed", "guided"];

export const zonesOf = (step, techniques) => step.zones ?? techniques.get(step.technique)?.zones ?? [];

export const techniqueName = (id, techniques) => named("technique", id, techniques.get(id)?.name);

/** Nominal seconds of one step, as the server counts them; 0 while it has no time. */
export function secondsOf(step, techniques) {
  const sides = step.per_side ? 2 : 1;
  if (step.duration_s) return step.duration_s * sides;
  const one = step.repetition_s ?? techniques.get(step.technique)?.repetition_s ?? 0;
  return (step.repetitions ?? 0) * one * (step.per_zone ? Math.max(1, zonesOf(step, techniques).length) : 1) * sides;
}

export const secondsOfAll = (steps, techniques) => steps.reduce((sum, step) => sum + secondsOf(step, techniques), 0);

/** What a step sets, in few words, for a list. */
export function factsOf(step, techniques) {
  const time = clock(secondsOf(step, techniques) * 1000);
  return [
    step.repetitions ? `${t("routine.times", {n: step.repetitions})} (${time})` : time,
    step.per_zone && t("routine.each_zone"), step.per_side && t("routine.each_side"),
    step.side && step.side !== "both" && word("body", step.side),
    step.intensity > 0 && (step.intensity_end ? t("routine.ramp", {from: step.intensity, to: step.intensity_end}) : `${step.intensity} %`),
    step.water_c && celsius(step.water_c),
    step.direction && word("direction", step.direction),
    step.mode === "guided" && word("hands", "guided"),
    ...(step.additives ?? []).map((each) => word("additive", each)),
  ].filter(Boolean);
}

/** "/steps/2/duration_s" -> "Step 3, time" */
export function pointerWords(pointer = "") {
  const [, first, index, field] = pointer.split("/");
  if (first !== "steps") return word("field", first);
  const step = t("routine.step", {number: Number(index) + 1});
  return field ? `${step}: ${word("field", field)}` : step;
}

/** A slug made of a name, as far as its letters allow. */
export const slugOf = (name) =>
  name.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().replaceAll("ß", "ss").replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 64);
