// The library is built with what our charts never ask for cut out (dashboard/uplot-lean.mjs): here the charts are drawn by it and by
// the whole library, and not a pixel may differ, nor what lies over the picture when it is pointed at.
import {createRequire} from "node:module";
import {join} from "node:path";
import {ROOT, check, equal, open, rows, run, until} from "./harness.mjs";
import {leanUplot} from "../../dashboard/uplot-lean.mjs";

const DASHBOARD = join(ROOT, "dashboard");
const {build} = createRequire(join(DASHBOARD, "package.json"))("esbuild");

const PAGE = `<!doctype html><style>:root { --accent: #0f5c6e; --warn: #8a5200; --soft: #4d616a; --line: #d3dde1 }
.u-wrap { position: relative } .u-over, .u-cursor-x, .u-cursor-pt { position: absolute } .u-off { display: none }</style><div id="app"></div>`;

/* Numbers that are the same in both, in the night in which Europe's clocks go forward. */
const SCRIPT = `
import {h, render} from "preact";
import {Chart} from "./src/ui/chart.jsx";
const NOW = Date.UTC(2026, 2, 29, 3, 17, 11), STEP_MS = {raw: 1000, "10s": 10000, "1m": 60000, "10m": 600000, "1h": 3600000};
let kind;
Date.now = () => NOW;
globalThis.fetch = async (url) => {
  const query = new URL(url, location.href).searchParams, from = Date.parse(query.get("from")), to = Date.parse(query.get("to"));
  let seed = 7;
  const random = () => (seed = seed * 16807 % 2147483647) / 2147483647;
  const items = [];
  for (let at = from, i = 0; at < to && !(kind === "one point" && i); at += STEP_MS[query.get("resolution")], i++) {
    if (kind === "gaps" && i % 97 < 20) continue;
    const water = 36 + 3 * Math.sin(at / 4e5) + random(), current = kind === "no current" ? null : Math.round(random() * 900);
    items.push({at: new Date(at).toISOString(), water_c: kind === "nothing now and then" && i % 13 < 4 ? null : water, water_min_c: water - random(),
      water_max_c: water + random(), target_c: i % 50 < 30 ? 38 : null, intensity: Math.round(random() * 100), current_ma: current, current_max_ma: current && current + 50});
  }
  return new Response(JSON.stringify({items}), {headers: {"Content-Type": "application/json"}});
};
globalThis.draw = (hours, zone, which) => {
  kind = which;
  render(null, document.getElementById("app"));
  render(h(Chart, {device: "d", hours, zone}), document.getElementById("app"));
};`;

const bundle = async (plugins) => (await build({stdin: {contents: SCRIPT, resolveDir: DASHBOARD, loader: "js"}, bundle: true, write: false, format: "iife",
  jsx: "automatic", jsxImportSource: "preact", plugins, logLevel: "silent"})).outputFiles[0].text;
const scripts = [await bundle([leanUplot]), await bundle([])];

/* [what was done, pictures, what lies over them], of each thing that is done. */
async function seen(script, viewport, deviceScaleFactor) {
  const {context, problems} = await open({viewport, deviceScaleFactor});
  const page = await context.newPage(), out = [];
  await page.route("**/charts", (route) => route.fulfill({contentType: "text/html", body: PAGE}));
  await page.goto("/charts");
  await page.evaluate(script);
  const look = async (what) => {
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    out.push(await page.evaluate((name) => [name, [...document.querySelectorAll("canvas")].map((each) => each.toDataURL()),
      [...document.querySelectorAll(".u-over [class^=u-cursor], figure dd")].map((each) => `${each.className} ${each.style.cssText} ${each.textContent}`)], what));
  };
  for (const [hours, zone] of [[1, "Europe/Berlin"], [6, "America/New_York"], [24, "Europe/Berlin"], [168, undefined]]) {
    for (const kind of ["all", "gaps", "nothing now and then", "no current", "one point"]) {
      await page.evaluate((given) => globalThis.draw(...given), [hours, zone, kind]);
      await until(() => page.evaluate(() => document.querySelectorAll(".u-over").length === 3), "three charts");
      await look(`${kind}, ${hours} hours`);
      if (kind !== "gaps") continue;
      const box = await page.locator(".u-over").first().boundingBox();
      for (const [what, x] of [["pointed at", box.width * 0.3], ["at its end", box.width - 1], ["left", -40]]) {
        await page.mouse.move(box.x + x, box.y + 40);
        await look(`${what}, ${hours} hours`);
      }
      await page.locator(".chart-picture").nth(1).focus();
      for (const key of ["Home", "PageDown", "ArrowRight"]) await page.keyboard.press(key);
      await look(`read with keys, ${hours} hours`);
      await page.setViewportSize({...viewport, width: viewport.width - 70});
      await look(`made narrower, ${hours} hours`);
      await page.setViewportSize(viewport);
    }
  }
  await context.close();
  equal(problems, []);
  return out;
}

rows("a chart is drawn as the whole library draws it", [
  {name: "phone", viewport: {width: 390, height: 900}, density: 2}, {name: "desktop", viewport: {width: 1000, height: 900}, density: 1},
], async (_, {viewport, density}) => {
  const [lean, whole] = [await seen(scripts[0], viewport, density), await seen(scripts[1], viewport, density)];
  check(lean.length === whole.length && lean.every(([, pictures]) => pictures.length === 3), "three pictures each");
  for (const [i, [what, pictures, over]] of lean.entries()) {
    check(pictures.every((each, k) => each === whole[i][1][k]), `${what}: another picture`);
    equal(over, whole[i][2], what);
  }
}, {signedIn: false, deadlineS: 280});

await run();
