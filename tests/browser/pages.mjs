import {readFileSync} from "node:fs";
import {join} from "node:path";
import {accessibility, api, check, equal, freeDevices, ROOT, rows, run, screenshot, SIZES, startSession, test, visit} from "./harness.mjs";

const SOURCES = ["dashboard/src/pages/index.js"];
const pages = SOURCES.flatMap((file) => [...readFileSync(join(ROOT, file), "utf8").matchAll(/\{\s*path: "([^"]+)", name: "([^"]+)"/g)])
  .map(([, path, name]) => ({path, name}));

/* What there is to look at, made once: a running session, a device to disinfect, a course, a draft. */
let made;
const things = () => {
  made ??= (async () => {
    const free = await freeDevices("spa-pro");
    const used = await startSession(free[0].id);
    await api.post(`/sessions/${used}/stop?wait=5`);
    const session = await startSession(free[1].id);
    const [{id: site}] = (await api.get("/sites?limit=1")).items;
    const {id: course} = await api.post("/courses", {site_id: site, guest: "Anna", template: "custom", routine: "relax-10", start_on: "2030-05-06", time_of_day: "09:30", count: 4});
    const {slug: draft} = await api.post("/routines/relax-10/copy", {slug: "relax-10-of-our-own", name: "Our own"});
    return {session, used, dirty: free[0].id, device: free[1].id, free: free[2].id, course, draft};
  })();
  return made;
};

/* The value of a page's parameters; what is not here fails, so that no page goes unseen. */
const PARAMETERS = {
  "/start/:device": (t) => t.free, "/disinfect/:device": (t) => t.dirty, "/devices/:id": (t) => t.device, "/sessions/:id": (t) => t.session,
  "/routines/:slug": () => "relax-10", "/routines/:slug/edit": (t) => t.draft, "/courses/:id": (t) => t.course,
};

async function addressOf({path}) {
  if (!path.includes(":")) return path;
  check(PARAMETERS[path], `pages.mjs does not know how to reach ${path}`);
  const value = PARAMETERS[path](await things());
  check(value, `there is nothing to show at ${path}`);
  return path.replace(/:\w+/, value);
}
const isOpen = (page) => page.name === "sign-in";

test("the sources name their pages as this test reads them", async () => {
  check(pages.length >= 2, JSON.stringify(pages));
  equal(new Set(pages.map((each) => each.name)).size, pages.length);
}, {signedIn: false});

for (const scheme of ["light", "dark"]) {
  rows(`a page is within everybody's reach, ${scheme}`, pages, async ({page}, row) => {
    await things();
    await visit(page, await addressOf(row));
    equal(await accessibility(page), []);
  }, (row) => ({scheme, signedIn: !isOpen(row)}));
}

rows("a page fits a size without scrolling sideways", pages.flatMap((page) => Object.keys(SIZES).map((size) => ({...page, size, name: `${page.name} ${size}`, page: page.name}))),
  async ({page}, row) => {
    await things();
    await visit(page, await addressOf(row));
    await page.waitForTimeout(300); // a chart's first paint
    await screenshot(page, `${row.page}-${row.size}`);
    if (row.size === "tablet") {
      await page.emulateMedia({colorScheme: "dark"});
      await screenshot(page, `${row.page}-${row.size}-dark`);
    }
    equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true);
  }, (row) => ({viewport: SIZES[row.size], signedIn: row.page !== "sign-in"}));

rows("what is to be tapped is at least 44 px high", pages, async ({page}, row) => {
  await things();
  await visit(page, await addressOf(row));
  const small = await page.evaluate(() => [...document.querySelectorAll("button, a.button, select, input:not([type=checkbox]):not([type=radio]):not([type=range])")]
    .map((each) => ({text: each.getAttribute("aria-label") ?? each.textContent, box: each.getBoundingClientRect()}))
    .filter(({box}) => box.height > 1 && box.height < 44).map(({text, box}) => `${text.trim().slice(0, 40)}: ${Math.round(box.height)} px`));
  equal(small, []);
}, (row) => ({signedIn: !isOpen(row)}));

await run();
