// Takes the dashboard's figures; with $PEDILUVE_FIGURES writes them there as JSON. Nothing here fails for being slow.
import {writeFileSync} from "node:fs";
import {api, check, control, equal, run, test, until, visit} from "./harness.mjs";

const MESSAGES = Number(process.env.PEDILUVE_FIGURES_MESSAGES ?? 50), EVERY_MS = 100;
const figures = {};

const share = (sorted, part) => sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * part) - 1)];

/* Runs in the page before anything of it: notes when tiles come, what they say and when that is painted, and long tasks. */
function probe() {
  const seen = globalThis.pediluveSeen = {first: 0, all: 0, tiles: 0, said: {}, long: []};
  const painted = (then) => requestAnimationFrame(() => { const channel = new MessageChannel(); channel.port1.onmessage = then; channel.port2.postMessage(0); });
  const look = (records) => {
    const tiles = document.querySelectorAll(".tile").length;
    if (tiles > seen.tiles) {
      seen.tiles = tiles;
      painted(() => { seen.all = performance.now(); seen.first ||= seen.all; });
    }
    for (const {target} of records) {
      const tile = target.parentElement?.closest?.(".tile");
      if (!tile) continue;
      const key = `${tile.dataset.device} ${tile.querySelector("footer").textContent.trim()}`;
      if (!(key in seen.said)) {
        seen.said[key] = 0;
        painted(() => { seen.said[key] = performance.timeOrigin + performance.now(); });
      }
    }
  };
  new MutationObserver(look).observe(document, {childList: true, subtree: true, characterData: true});
  new PerformanceObserver((list) => seen.long.push(...list.getEntries().map((each) => ({at: each.startTime, ms: each.duration})))).observe({type: "longtask"});
}

test("a first load shows every device, and what it transferred is known", async ({page, context}) => {
  await context.addInitScript(probe);
  const tap = await context.newCDPSession(page);
  await tap.send("Network.enable");
  const bytes = {};
  const kinds = {};
  tap.on("Network.responseReceived", ({requestId, type}) => { kinds[requestId] = type; });
  tap.on("Network.loadingFinished", ({requestId, encodedDataLength}) => { bytes[kinds[requestId]] = (bytes[kinds[requestId]] ?? 0) + encodedDataLength; });
  const count = await total();
  await visit(page, "/");
  await until(() => page.evaluate((n) => document.querySelectorAll(".tile").length === n && globalThis.pediluveSeen.all > 0, count), "every tile", 60);
  const seen = await page.evaluate(() => globalThis.pediluveSeen);
  const page_kb = ((bytes.Document ?? 0) + (bytes.Script ?? 0) + (bytes.Stylesheet ?? 0)) / 1000;
  const data_kb = ((bytes.Fetch ?? 0) + (bytes.XHR ?? 0)) / 1000;
  check(page_kb > 0 && data_kb > 0 && seen.first > 0, JSON.stringify({bytes, seen}));
  Object.assign(figures, {devices: count, page_kb, data_kb, first_tiles_ms: seen.first, all_tiles_ms: seen.all, first_load_longest_task_ms: Math.max(0, ...seen.long.map((each) => each.ms))});
});

test("what a device says is painted on its tile", async ({page, context}) => {
  await context.addInitScript(probe);
  await visit(page, "/");
  await until(() => page.evaluate((n) => document.querySelectorAll(".tile").length === n, figures.devices), "every tile", 60);
  await page.waitForTimeout(2000); // the first load's work is not this figure
  const begun = await page.evaluate(() => { globalThis.pediluveSeen.said = {}; return performance.now(); });
  const said = [];
  for (let nth = 0; nth < MESSAGES; nth++) {
    const water_c = 20 + nth / 10;
    const next = Date.now() + EVERY_MS;
    said.push({...await control("warm", {nth, water_c}), text: `${water_c.toFixed(1)} °C`});
    await new Promise((done) => setTimeout(done, Math.max(0, next - Date.now())));
  }
  const last = said.at(-1);
  await until(() => page.evaluate((key) => globalThis.pediluveSeen.said[key] > 0, `${last.device} ${last.text}`), "the last message to be painted");
  const {said: painted, long} = await page.evaluate(() => globalThis.pediluveSeen);
  const took = said.map((each) => painted[`${each.device} ${each.text}`] - each.at).filter((ms) => ms > 0).sort((a, b) => a - b);
  // Two messages of one frame are one picture: most must be seen, not each.
  check(took.length >= MESSAGES * 0.9, `${took.length} of ${MESSAGES} messages were painted`);
  const during = long.filter((each) => each.at > begun);
  Object.assign(figures, {messages: MESSAGES, per_second: 1000 / EVERY_MS, painted_p50_ms: share(took, 0.5), painted_p95_ms: share(took, 0.95), painted_max_ms: took.at(-1),
    long_tasks: during.length, longest_task_ms: Math.max(0, ...during.map((each) => each.ms))});
}, {deadlineS: 180});

test("the figures are whole", async () => {
  console.log(`# ${JSON.stringify(figures)}`);
  for (const [name, value] of Object.entries(figures)) check(Number.isFinite(value), `${name}: ${value}`);
  check("painted_p95_ms" in figures, "no figure of painting");
  if (process.env.PEDILUVE_FIGURES) writeFileSync(process.env.PEDILUVE_FIGURES, JSON.stringify(figures));
}, {signedIn: false});

async function total() {
  let count = 0, cursor;
  do {
    const page = await api.get(`/devices?limit=200${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
    count += page.items.length;
    cursor = page.next_cursor;
  } while (cursor);
  return count;
}

await run();
