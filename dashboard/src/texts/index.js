// The words of the page, one file a language. t("floor.stop") reads the present one; a missing key falls back to English.
// What is built has short keys instead (short-keys.mjs): whatever is put together while the page runs begins with its group, written out.
import {computed, signal} from "@preact/signals";
// What every other language falls back to; loaded at the start.
let en = {};
// Where the English words of the server stand: group and words -> key.
let keys = new Map();

export const LANGUAGES = {en: "English", de: "Deutsch", es: "Español", zh: "中文"};
const files = {en: () => import("./en.json"), de: () => import("./de.json"), es: () => import("./es.json"), zh: () => import("./zh.json")};

const KEPT = "pediluve-language";
const wanted = () => {
  const kept = localStorage.getItem(KEPT);
  const first = (navigator.languages ?? []).map((each) => each.slice(0, 2)).find((each) => each in LANGUAGES);
  return kept in LANGUAGES ? kept : first ?? "en";
};

export const language = signal("en");
const words = signal({});

export async function setLanguage(which, keep = true) {
  if (!(which in LANGUAGES)) return;
  const [base, chosen] = await Promise.all([files.en(), files[which]()]);
  en = base.default;
  keys = new Map(Object.entries(en).map(([key, text]) => [place(key.slice(0, key.indexOf(".")), text), key]));
  words.value = chosen.default;
  language.value = which;
  document.documentElement.lang = which;
  if (keep) localStorage.setItem(KEPT, which);
}

const place = (group, text) => `${group}:${text}`;

export const startTexts = () => setLanguage(wanted(), false);

/** The text with {name} filled in. A key with .one beside it is plural by values.n. */
export function t(key, values = {}) {
  const all = words.value;
  const plural = values.n !== undefined && new Intl.PluralRules(language.value).select(values.n) === "one" ? `${key}.one` : key;
  const text = all[plural] ?? all[key] ?? en[plural] ?? en[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** The word for a value from the server ("running"); the value itself when there is none. */
export const word = (group, value) => {
  if (value === null || value === undefined) return "";
  const found = words.value[`${group}.${value}`] ?? en[`${group}.${value}`];
  return found ?? String(value).replaceAll("_", " ").replaceAll("-", " ");
};

/** English words of the server, translated where the file has the very same in that group; a site's own words stay as they are. */
export const said = (group, text) => words.value[keys.get(place(group, text))] ?? text;
/** The name of a catalogue entry, translated as said() does. */
export const named = (group, id, name) => (name === undefined ? word(group, id) : said(group, name));

export const locale = computed(() => language.value);
