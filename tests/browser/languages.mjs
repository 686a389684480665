import {readFileSync} from "node:fs";
import {join} from "node:path";
import {api, check, equal, freeDevices, ROOT, rows, run, screenshot, SIZES, test, visit} from "./harness.mjs";

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

/* What a page shows or says to a screen reader that is English though the language has other words for it. */
async function english(page, language) {
  const translated = new Set(), same = new Set();
  for (const [key, text] of Object.entries(texts.en)) (text === texts[language][key] ? same : translated).add(text);
  const seen = await page.evaluate(() => {
    const found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) if (!walker.currentNode.parentElement.closest("script, style, option[lang]")) found.push(walker.currentNode.data.trim());
    for (const each of document.querySelectorAll("[aria-label], [title]")) found.push(each.ariaLabel, each.title);
    return found;
  });
  return [...new Set(seen)].filter((text) => translated.has(text) && !same.has(text) && text !== "Staff"); // who is signed in
}

const ADDRESSES = ["/", "/start?site=SITE", "/start/DEVICE", "/disinfect/DEVICE", "/alarms", "/log", "/courses", "/courses/new", "/routines", "/routines/lower-limb-classic",
  "/routines/legs-firming", "/routines/therapy-copy/edit", "/reflex", "/devices", "/devices/DEVICE", "/people"];
rows("no page speaks English", LANGUAGES.slice(1), async ({page}, language) => {
  const [device] = await freeDevices("bath-basic");
  await api.post("/routines/hallux-valgus/copy", {slug: `therapy-copy-${language}`, name: "Füße 3"});
  for (const each of ADDRESSES) {
    const address = each.replace("SITE", device.site_id).replace("DEVICE", device.id).replace("therapy-copy", `therapy-copy-${language}`);
    await visit(page, address);
    // The editor holds what the routine itself says: it is written there, not read.
    equal(await english(page, language), [], address);
  }
}, (language) => ({language}));

rows("a session is guided in the language, also one of a copy that a site has made", ["de", "zh"], async ({page}, language) => {
  const words = texts[language], slug = `points-${language}`;
  const made = await api.post("/routines/acupressure-foot/copy", {slug, name: "Our points"});
  await api.post(`/routines/${slug}/versions/${made.version}/publish`, {}, {"If-Match": "*"});
  const [{site_id}] = await freeDevices("spa-pro");
  const {id} = await api.post("/sessions", {site_id, routine: slug, intake: {none_apply: true}});
  await visit(page, `/sessions/${id}`);
  await page.getByRole("heading", {name: "Our points"}).waitFor();
  await page.getByRole("heading", {name: words["technique.stroking"]}).waitFor();
  await page.getByText(words["instruction.acupressure-foot.1"]).waitFor();
  equal(await english(page, language), []);
  for (const [size, viewport] of Object.entries(SIZES)) {
    await page.setViewportSize(viewport);
    await screenshot(page, `session-${language}-${size}`);
  }
}, (language) => ({language}));

rows("what a model cannot run, and what it does otherwise, is said in the language", ["de", "zh"], async ({page}, language) => {
  const words = texts[language];
  await visit(page, "/routines/lymph-legs");
  await page.getByRole("heading", {name: words["routine_name.lymph-legs"]}).waitFor();
  await page.getByText(words["instruction.lymph-legs.2"]).waitFor();
  await page.getByRole("button", {name: "Bath Basic", exact: true}).click();
  const refused = page.locator(".trial .error");
  await refused.waitFor();
  const said = await refused.innerText();
  for (const each of [words["technique.lymph-wave"], words["actuator.air"], "Bath Basic", "Spa Pro"]) check(said.includes(each), `${each} in ${said}`);
  check(!/needs|bath-basic|spa-pro/.test(said), said);
  await visit(page, "/routines/heel-spur");
  await page.getByRole("button", {name: "Bath Basic", exact: true}).click();
  await page.locator(".note", {hasText: words["zone.lower-leg"]}).waitFor();
  check(!/instead|leaves|done/.test((await page.locator(".note").allInnerTexts()).join()), "no English note");
  for (const [size, viewport] of Object.entries(SIZES)) {
    await page.setViewportSize(viewport);
    await screenshot(page, `routine-${language}-${size}`);
  }
}, (language) => ({language, allow: [/status of 422/]}));

test("a routine is found by its name in the language", async ({page}) => {
  await visit(page, "/routines");
  await page.getByRole("searchbox").fill("entspannen fuß");
  await page.getByRole("heading", {name: texts.de["routine_name.relax-10"]}).waitFor();
  await page.waitForFunction(() => document.querySelectorAll(".routine-tile").length === 1);
}, {language: "de"});

// The account keeps the language from here on.
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
