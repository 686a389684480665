import {readFileSync} from "node:fs";
import {join} from "node:path";
import {check, equal, ROOT, rows, run, test, visit} from "./harness.mjs";

const LANGUAGES = ["en", "de", "es", "zh"];
const texts = Object.fromEntries(LANGUAGES.map((each) => [each, JSON.parse(readFileSync(join(ROOT, `dashboard/src/texts/${each}.json`), "utf8"))]));
const holes = (text) => [...text.matchAll(/\{(\w+)\}/g)].map((each) => each[1]).sort();

rows("a language has every text, with the same holes", LANGUAGES.slice(1), async (_, language) => {
  const wrong = [];
  for (const [key, text] of Object.entries(texts.en)) {
    const other = texts[language][key];
    if (!other) wrong.push(`${key} is missing`);
    else if (holes(other).join() !== holes(text).join()) wrong.push(`${key}: ${other}`);
  }
  for (const key of Object.keys(texts[language])) if (!(key in texts.en)) wrong.push(`${key} is in ${language} only`);
  equal(wrong, []);
}, {signedIn: false});

rows("a translation is one", LANGUAGES.slice(1), async (_, language) => {
  const keys = Object.keys(texts.en);
  const same = keys.filter((key) => texts.en[key] === texts[language][key]);
  check(same.length < keys.length / 4, `${same.length} of ${keys.length} texts are the English ones: ${same.slice(0, 20)}`);
}, {signedIn: false});

rows("a browser's own language is spoken from the start", LANGUAGES, async ({page}, language) => {
  await page.goto("/");
  await page.getByRole("button", {name: texts[language]["sign_in.enter"]}).waitFor();
  equal(await page.evaluate(() => document.documentElement.lang), language);
}, (language) => ({signedIn: false, language}));

test("who chooses a language keeps it, on this device and on another", async ({page}) => {
  await visit(page, "/");
  await page.getByRole("button", {name: "Staff"}).click();
  await page.getByLabel("Language").selectOption("de");
  await page.getByRole("link", {name: texts.de["menu.floor"], exact: true}).waitFor();
  await page.reload();
  await page.getByRole("link", {name: texts.de["menu.floor"], exact: true}).waitFor();
  equal(await page.evaluate(() => document.documentElement.lang), "de");
  await page.evaluate(() => localStorage.clear());
  await page.reload();
  await page.getByRole("link", {name: texts.de["menu.floor"], exact: true}).waitFor();
});

await run();
