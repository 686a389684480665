// Sentences that the server or a unit says in English, in the language of the page: found by their words, or made anew from what a
// program can read in them.
import {language, said, t, word} from "./index.js";

const FIGURE = /-?\d+(?:\.\d+)?(?: (?:mA|%|°?C|K)(?![a-z]))?/g;

/* "0.31 K" -> "0,31 K" */
const figure = (text) => text.replace(/ C$/, " °C").replace(/^-?\d+\.(\d+)/, (number, decimals) =>
  Number(number).toLocaleString(language.value, {minimumFractionDigits: decimals.length}));

/** The files have such a sentence with {} for each figure; what they do not have stays as it is. */
export function told(group, text) {
  const figures = text?.match(FIGURE) ?? [];
  return figures.length ? said(group, text.replace(FIGURE, "{}")).replaceAll("{}", () => figure(figures.shift())) : said(group, text);
}

/** What is wrong with one property of a body. */
export const faultWords = ({detail = ""}) => [told("fault", detail), told("ask", detail), told("why", detail)].find((each) => each !== detail) ?? detail;

/* In German a noun keeps its capital. */
const inside = (text) => (language.value === "de" ? text : text.toLocaleLowerCase());
const anyOf = (group, ids) => new Intl.ListFormat(language.value, {type: "disjunction"}).format(ids.map((each) => inside(word(group, each))));

/** What a lowering changed in a step, or why it cannot run. */
export function noteWords(note, model) {
  const {code, by, zone, missing, barred, from, to} = note;
  const seconds = code === "too_long";
  return t(`note.${code}${!missing.length && barred.length && code !== "barred" ? "_barred" : ""}`, {
    by: inside(word("actuator", by)), zone: word("zone", zone), model: word("model", model), missing: anyOf("actuator", missing), barred: anyOf("trait", barred),
    from: seconds ? Math.ceil(from / 60) : from, to: seconds ? Math.floor(to / 60) : to,
  });
}

const stepWords = (note, model) => (note.routine_step === null ? noteWords(note, model)
  : t("note.step", {number: note.routine_step + 1, technique: word("technique", note.technique), words: noteWords(note, model)}));

/** What the server refused and why, sentence by sentence. */
export function problemWords({message, code, errors, body: {title, notes, models = [], model}}) {
  if (notes) return [...notes.map((each) => stepWords(each, model)),
    models.length ? t("note.runs_on", {models: models.map((each) => word("model", each)).join(", ")}) : t("note.runs_nowhere")];
  if (language.value === "en") return [message, ...errors.map(faultWords)];
  // Some titles say little without the detail.
  return [said("problem", title), ...(errors.length ? errors.map(faultWords) : /^(conflict|unproc|invalid)/.test(code) ? [message] : [])];
}
