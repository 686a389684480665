// What the flows share: Debian's Chromium, a page that is watched, tests that print TAP.
//
//   test("a sentence", async ({page, api}) => {...}, {viewport, scheme, signedIn, storage, allow, deadlineS});
//   await run();      last line: runs all, or those whose sentence holds the first argument
//
// Every page is watched: an error in the console, a violated Content-Security-Policy, a request to anywhere else, a request
// that failed makes the test fail, unless one of `allow` (regular expressions) fits its text.
import {createRequire} from "node:module";
import {mkdirSync} from "node:fs";
import {dirname, join} from "node:path";
import {fileURLToPath} from "node:url";

const HERE = dirname(fileURLToPath(import.meta.url));
export const ROOT = join(HERE, "../..");
const require = createRequire(join(ROOT, "tools/npm/package.json"));
const {chromium} = require("playwright-core");
const axe = require("axe-core");

export const URL_OF_SPA = process.env.PEDILUVE_URL;
const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const ARGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--mute-audio"];
const DEADLINE_S = 150, STEP_MS = 15000;
export const PASSWORD = "three wet towels";
export const SIZES = {phone: {width: 390, height: 844}, tablet: {width: 820, height: 1180}, desktop: {width: 1440, height: 900}};
/** Before anybody is signed in GET /me answers 401, and the browser itself writes that down. */
const ALWAYS_ALLOWED = [/status of 401 .*\/api\/v1\/me$/];

const tests = [];
let browser, signedIn;

export function test(sentence, body, options = {}) {
  tests.push({sentence, body, options});
}

/** One test a row: body(world, row); options may be a function of the row. */
export function rows(sentence, list, body, options = {}) {
  for (const row of list) test(`${sentence} [${row.name ?? row}]`, (world) => body(world, row), typeof options === "function" ? options(row) : options);
}

// ---- the server, as a script uses it ----

async function call(method, path, body, headers = {}) {
  const reply = await fetch(`${URL_OF_SPA}/api/v1${path}`, {method, body: body === undefined ? undefined : JSON.stringify(body),
    headers: {Authorization: `Bearer ${process.env.PEDILUVE_TOKEN}`, ...(body !== undefined && {"Content-Type": "application/json"}), ...headers}});
  const text = await reply.text();
  if (!reply.ok) throw new Error(`${method} ${path} -> ${reply.status} ${text.slice(0, 500)}`);
  return text && /json/.test(reply.headers.get("Content-Type")) ? JSON.parse(text) : text;
}
export const api = {
  get: (path) => call("GET", path),
  post: (path, body = {}, headers) => call("POST", path, body, headers),
  metric: async (name) => Number(new RegExp(`^${name} (\\S+)$`, "m").exec(await (await fetch(`${URL_OF_SPA}/metrics`)).text())?.[1]),
};

/** What a browser cannot do: see flow.py. */
export async function control(name, body = {}) {
  const reply = await fetch(`${process.env.PEDILUVE_CONTROL}/${name}`, {method: "POST", body: JSON.stringify(body)});
  const answer = await reply.json();
  if (!reply.ok) throw new Error(`control ${name}: ${answer.error}`);
  return answer;
}

/** A device that is ready and clean, and after it others; model: of that model. */
export async function freeDevices(model) {
  const all = await api.get("/devices?limit=200");
  return all.items.filter((each) => each.ready && each.cleaning === "clean" && each.mode === "idle" && (!model || each.model === model));
}

/** A session of nobody in particular, running. */
export async function startSession(deviceId, routine = "relax-10") {
  const made = await api.post("/sessions", {device_id: deviceId, routine, intake: {none_apply: true}});
  await until(async () => (await api.get(`/sessions/${made.id}`)).state === "running", "the session to run");
  return made.id;
}

export async function until(condition, what, seconds = 20) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`waited ${seconds} s for ${what}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

// ---- pages ----

/** A context of its own (as another browser) whose pages are watched; {context, problems}. */
export async function open({viewport = SIZES.tablet, scheme = "light", storage, language = "en", allow = [], ...more} = {}) {
  const context = await browser.newContext({viewport, colorScheme: scheme, storageState: storage, baseURL: URL_OF_SPA, locale: language,
    reducedMotion: "reduce", ...more});
  context.setDefaultTimeout(STEP_MS);
  const problems = [];
  const allowed = [...ALWAYS_ALLOWED, ...allow];
  const note = (text) => { if (!allowed.some((each) => each.test(text))) problems.push(text); };
  await context.addInitScript(() => addEventListener("securitypolicyviolation", (e) => console.error(`CSP: ${e.violatedDirective} ${e.blockedURI}`)));
  context.on("page", (page) => {
    page.on("console", (message) => { if (message.type() === "error") note(`console: ${message.text()} ${message.location().url ?? ""}`); });
    page.on("pageerror", (error) => note(`uncaught: ${error.stack ?? error}`));
    page.on("request", (request) => {
      const url = new URL(request.url());
      if (!["data:", "blob:"].includes(url.protocol) && url.origin !== new URL(URL_OF_SPA).origin) note(`request to elsewhere: ${request.url()}`);
    });
    page.on("requestfailed", (request) => {
      const why = request.failure()?.errorText ?? "";
      if (why !== "net::ERR_ABORTED") note(`failed: ${request.url()} ${why}`);
    });
  });
  return {context, problems};
}

/** Follows a one-time link and sets the password. */
export async function enterByLink(page, link) {
  await page.goto(link);
  const password = page.getByLabel("New password");
  const menu = page.getByRole("navigation", {name: "Pages"});
  await password.or(menu).first().waitFor();
  if (await password.isVisible()) {
    await password.fill(PASSWORD);
    await page.getByRole("button", {name: "Sign in"}).click();
  }
  await menu.waitFor();
}

/** The cookies of somebody who is signed in as the owner "staff", made once a file. */
export function ownerStorage() {
  signedIn ??= (async () => {
    const {link} = await control("user", {login: "staff", name: "Staff"});
    const {context} = await open();
    await enterByLink(await context.newPage(), link);
    const state = await context.storageState();
    await context.close();
    return state;
  })();
  return signedIn;
}

/** Goes to an address after the # and waits until the page there is loaded and quiet. */
export async function visit(page, address) {
  await page.goto(`/#${address}`);
  await page.waitForFunction(() => document.querySelector("main h1, main h2") && !document.querySelector("[aria-busy=true]"));
}

/** What axe finds that is serious or critical, as texts. */
export async function accessibility(page) {
  if (!await page.evaluate(() => !!globalThis.axe)) await page.evaluate(axe.source);
  const {violations} = await page.evaluate(() => globalThis.axe.run(document, {resultTypes: ["violations"]}));
  return violations.filter((each) => ["serious", "critical"].includes(each.impact))
    .map((each) => `${each.id}: ${each.help}: ${each.nodes.slice(0, 3).map((node) => `${node.html.slice(0, 160)} (${node.any[0]?.message ?? node.all[0]?.message ?? ""})`).join(" | ")}`);
}

export async function screenshot(page, name) {
  const folder = join(ROOT, "build/screenshots");
  mkdirSync(folder, {recursive: true});
  await page.screenshot({path: join(folder, `${name}.png`)});
}

// ---- assertions that say what they saw ----

export function equal(actual, expected, context = "") {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (a !== b) throw new Error(`expected ${b}, got ${a} ${context}`);
}
export function check(condition, context) {
  if (!condition) throw new Error(context);
}

// ---- the run ----

const comment = (text) => String(text).split("\n").map((line) => `# ${line}`).join("\n");

async function one({body, options}) {
  const storage = options.signedIn === false ? undefined : await ownerStorage();
  const {context, problems} = await open({storage, ...options});
  const page = await context.newPage();
  let timer;
  const late = new Promise((_, fail) => { timer = setTimeout(() => fail(new Error("ran into its deadline")), (options.deadlineS ?? DEADLINE_S) * 1000); });
  try {
    await Promise.race([body({page, context, problems}), late]);
    equal(problems, []);
  } catch (error) {
    const seen = await page.locator("body").ariaSnapshot({timeout: 3000}).catch(() => "(nothing)");
    await screenshot(page, "failed").catch(() => {});
    throw new Error(`${error.stack}\nproblems: ${JSON.stringify(problems)}\nat ${page.url()}\n${seen.slice(0, 4000)}`);
  } finally {
    clearTimeout(timer);
    await context.close().catch(() => {});
  }
}

export async function run() {
  const wanted = process.argv[2] ?? "";
  const chosen = tests.filter((each) => each.sentence.includes(wanted));
  console.log(`1..${chosen.length}`);
  browser = await chromium.launch({executablePath: CHROMIUM, args: ARGS});
  let failed = 0;
  for (const [i, each] of chosen.entries()) {
    try {
      await one(each);
      console.log(`ok ${i + 1} - ${each.sentence}`);
    } catch (error) {
      failed++;
      console.log(`not ok ${i + 1} - ${each.sentence}\n${comment(error.message)}`);
    }
  }
  await browser.close();
  process.exit(failed || !chosen.length ? 1 : 0);
}
