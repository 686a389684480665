import {api, check, equal, freeDevices, run, test, until, visit} from "./harness.mjs";

const button = (page, name) => page.getByRole("button", {name});
const dialog = (page) => page.getByRole("dialog");
const REFUSED = [/status of 4(09|12|22)/];
let count = 0;

/** The day at a site, so many days from now. */
const day = (site, days = 0) => new Intl.DateTimeFormat("en-CA", {timeZone: site.timezone, year: "numeric", month: "2-digit", day: "2-digit"}).format(new Date(Date.now() + days * 86400000));
const firstSite = async () => (await api.get("/sites?limit=1")).items[0];
async function course(days = 7) {
  const site = await firstSite();
  return api.post("/courses", {site_id: site.id, guest: `Guest ${++count}`, template: "custom", routine: "relax-10", start_on: day(site, days), time_of_day: "10:00", count: 4});
}

test("every date is shown before the course is made", async ({page}) => {
  await visit(page, "/courses/new");
  await page.getByLabel("Guest").fill("Anna");
  await button(page, /^Hallux-valgus/).click();
  await page.getByRole("heading", {name: "30 appointments"}).waitFor();
  equal((await api.get("/courses?guest=Anna")).items.length, 0);
  await button(page, "Make the course").click();
  await page.waitForURL(/courses\/[0-9a-f-]{36}$/);
  const [made] = (await api.get("/courses?guest=Anna")).items;
  equal([made.template, made.count, made.rounds], ["hallux-valgus", 15, 2]);
});

test("beyond the bounds of its kind a course takes a reason", async ({page}) => {
  await visit(page, "/courses/new");
  await page.getByLabel("Guest").fill("Berta");
  await button(page, /^Hallux-valgus/).click();
  await page.getByRole("heading", {name: "30 appointments"}).waitFor();
  await page.getByLabel("Sessions in a round").fill("22");
  await page.getByText("the template allows 15 to 20").waitFor();
  check(await button(page, "Make the course").isDisabled(), "it cannot be made yet");
  await page.getByLabel("Go beyond the bounds").check();
  await page.getByLabel("Reason").fill("As the doctor wrote");
  await page.getByRole("heading", {name: "44 appointments"}).waitFor();
  await button(page, "Make the course").click();
  await page.waitForURL(/courses\/[0-9a-f-]{36}$/);
  await page.getByText("As the doctor wrote").waitFor();
}, {allow: REFUSED});

test("missed, left out and moved appointments change the rest", async ({page}) => {
  const {id} = await course(), site = await firstSite();
  await visit(page, `/courses/${id}`);
  const read = async () => (await api.get(`/courses/${id}`));
  const answer = async (name) => { await dialog(page).getByRole("button", {name}).click(); await dialog(page).waitFor({state: "detached"}); };
  await button(page, "Missed, appointment 1").click();
  await answer("Missed");
  await until(async () => (await page.locator(".appointment").count()) === 5, "one more appointment");
  await button(page, "Leave out, appointment 2").click();
  await answer("Leave out");
  await button(page, "Move, appointment 3").click();
  await dialog(page).getByLabel("Day").fill(day(site, 20));
  await answer("Move");
  const {sessions} = await read();
  equal(sessions.slice(0, 3).map((each) => each.state), ["missed", "skipped", "planned"]);
  check(sessions[2].moved && sessions[2].date === day(site, 20), JSON.stringify(sessions[2]));
});

test("a course is paused, goes on, and ends", async ({page}) => {
  const {id} = await course();
  await visit(page, `/courses/${id}`);
  for (const [act, state] of [["Pause the course", "paused"], ["Go on", "active"], ["End the course", "ended"]]) {
    await button(page, act).click();
    await dialog(page).getByRole("button", {name: act}).click();
    await dialog(page).waitFor({state: "detached"});
    equal((await api.get(`/courses/${id}`)).state, state);
  }
  equal(await button(page, "Pause the course").count(), 0);
});

test("the calendar's link is shown once and works without signing in", async ({page}) => {
  const {id} = await course();
  await visit(page, `/courses/${id}`);
  await button(page, "Make a link").click();
  const link = await page.getByLabel("shown only now").inputValue();
  const feed = await (await fetch(link)).text();
  check(feed.startsWith("BEGIN:VCALENDAR"), feed.slice(0, 100));
});

test("today's session is begun from the list, on a unit of its site", async ({page}) => {
  const site = await firstSite(), made = await course(0);
  const device = (await freeDevices()).find((each) => each.site_id === site.id);
  await visit(page, "/courses");
  const tile = page.getByRole("article").filter({hasText: made.guest});
  if (made.progress.next.date !== day(site)) return equal(await tile.getByRole("button").count(), 0); // the site is closed today
  await tile.getByRole("button", {name: "Begin"}).click();
  await dialog(page).getByRole("button", {name: new RegExp(`^${device.name}`)}).click();
  await page.waitForURL(new RegExp(`/start/${device.id}\\?course=${made.id}`));
  await page.getByText(made.guest).first().waitFor();
});

await run();
