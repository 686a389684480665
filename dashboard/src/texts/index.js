// The words of the page, one file a language. t("floor.stop") reads the present one; a missing key falls back to English.
import {computed, signal} from "@preact/signals";

export const LANGUAGES = {en: "English", de: "Deutsch", es: "Español", zh: "中文"};
const files = {en: () => import("./en.json"), de: () => import("./de.json"), es: () => import("./es.json"), zh: () => import("./zh.json")};

const KEPT = "pediluve-language";
const wanted = () => {
  const kept = localStorage.getItem(KEPT);
  const first = (navigator.languages ?? []).map((each) => each.slice(0, 2)).find((each) => each in LANGUAGES);
  return kept in LANGUAGES ? kept : first ?? "en";
};

export const language = signal("en");
/* English stands in for what a language lacks; like the others it is data, and loaded. */
let en = {};
const words = signal(en);

export async function setLanguage(which, keep = true) {
  if (!(which in LANGUAGES)) return;
  words.value = which === "en" ? en : (await files[which]()).default;
  language.value = which;
  document.documentElement.lang = which;
  if (keep) localStorage.setItem(KEPT, which);
}

export async function startTexts() {
  en = (await files.en()).default;
  await setLanguage(wanted(), false);
}

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

export const locale = computed(() => language.value);
