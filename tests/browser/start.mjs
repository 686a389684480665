import {accessibility, api, check, equal, freeDevices, run, startSession, test, until, visit} from "./harness.mjs";

const heading = (page, name) => page.getByRole("heading", {name}).first();
const card = (page, name) => page.getByRole("button", {name: new RegExp(`^${name}`)});
let count = 0;
const newGuest = () => `Guest ${++count}`;
const question = (page, words) => page.getByRole("group", {name: words});

/* Screens a guest of today for whom nothing applies, up to the routines. */
async function screened(page, device, guest) {
  await visit(page, `/start/${device.id}`);
  await page.getByLabel("First name or number").fill(guest);
  await page.getByRole("button", {name: "Next"}).click();
  await page.getByRole("button", {name: /looked at/}).click();
  await page.getByRole("button", {name: "None of these"}).click();
  await card(page, "Ten-minute relaxing").waitFor();
}

test("a returning guest takes six taps from the floor to the running session", async ({page}) => {
  const [device] = await freeDevices("spa-pro");
  const before = await api.post("/sessions?wait=5", {device_id: device.id, routine: "relax-10", guest: "Anna", intake: {none_apply: true}});
  await api.post(`/sessions/${before.id}/stop?wait=5`);
  await until(async () => (await api.get(`/devices/${device.id}`)).mode === "idle", "the device to be idle");
  await api.post(`/devices/${device.id}/cleanings`, {kind: "after_client", disinfectant: "Test", contact_minutes: 10, rinsed: true, initials: "AB"});
  await visit(page, "/");
  const {name} = await api.get(`/sites/${device.site_id}`);
  let taps = 0;
  const tap = async (target) => { await target.click(); taps++; };
  await tap(page.getByRole("button", {name: `Start on ${device.name}, ${name}`}));
  await tap(page.getByRole("button", {name: /^Anna/}));
  await tap(page.getByRole("button", {name: /looked at/}));
  await tap(page.getByRole("button", {name: "None of these"}));
  await tap(card(page, "Ten-minute relaxing"));
  check(await page.getByText("Before you start").isVisible() || await page.getByText("Before you start").waitFor() === undefined, "the checklist is shown");
  await tap(page.getByRole("button", {name: "All done, start"}));
  await page.waitForURL(/#\/sessions\//);
  equal(taps, 6);
  const session = await api.get(`/sessions/${page.url().split("/").at(-1)}`);
  equal([session.guest, session.device_id, session.routine], ["Anna", device.id, "relax-10"]);
  const done = (await api.get(`/sessions/${session.id}/checks`)).items.filter((each) => each.phase === "before");
  check(done.length && done.every((each) => each.done), JSON.stringify(done));
});

test("who was asked today is not asked again, and may be", async ({page}) => {
  const [device] = await freeDevices("spa-pro");
  const guest = newGuest();
  await screened(page, device, guest);
  await visit(page, "/");
  await visit(page, `/start/${device.id}`);
  await page.getByLabel("First name or number").fill(guest);
  await page.getByRole("button", {name: "Next"}).click();
  await page.getByText("Asked today already.").waitFor();
  await page.getByRole("button", {name: "Ask again"}).click();
  await heading(page, "Was the skin of both feet").waitFor();
  check(await page.getByRole("button", {name: "None of these"}).isDisabled(), "the skin is looked at anew");
});

test("follow-ups come after a yes, a warning is told first, and limits are said in words", async ({page}) => {
  const [device] = await freeDevices("bath-basic");
  await visit(page, `/start/${device.id}`);
  await page.getByLabel("First name or number").fill(newGuest());
  await page.getByRole("button", {name: "Next"}).click();
  await page.getByRole("button", {name: /looked at/}).click();
  equal(await question(page, /^First three months/).count(), 0);
  await question(page, /^Pregnant/).getByRole("button", {name: "Yes"}).click();
  const others = page.getByRole("button", {name: "All others: no"});
  check(await others.isDisabled(), "the follow-up decides whether there may be a session");
  await question(page, /^First three months/).getByRole("button", {name: "No"}).click();
  await question(page, /^Just eaten/).getByRole("button", {name: "Yes"}).click();
  check(await others.isDisabled(), "a warning is to be told");
  await page.getByLabel("The guest was told").check();
  await others.click();
  await heading(page, "Allowed, with limits").waitFor();
  await page.getByText("Strength at most 30 %").waitFor();
  check(await card(page, "Acupressure of the foot").isDisabled(), "acupressure is ruled out");
  await card(page, "Acupressure of the foot").getByText("rule out pressure on points").waitFor();
  check(await card(page, "Lymphatic drainage").isDisabled(), "not on this model");
  await card(page, "Lymphatic drainage").getByText("Runs on: Spa Pro").waitFor();
  await page.getByRole("button", {name: /^Guest/}).click();
  await page.getByText("Who is it for?").waitFor();
});

test("a refusal says why, and nothing can be started", async ({page}) => {
  const [device] = await freeDevices("spa-pro");
  await visit(page, `/start/${device.id}`);
  await page.getByLabel("First name or number").fill(newGuest());
  await page.getByRole("button", {name: "Next"}).click();
  await page.getByRole("button", {name: /looked at/}).click();
  await question(page, /^An open or festering wound/).getByRole("button", {name: "Yes"}).click();
  await page.getByRole("button", {name: "All others: no"}).click();
  await heading(page, "Not today").waitFor();
  await page.getByText("The wound has to close first.").waitFor();
  equal(await card(page, "Ten-minute relaxing").count(), 0);
});

test("a clearance is asked for only where a routine needs one", async ({page}) => {
  const [device] = await freeDevices("spa-pro");
  await screened(page, device, newGuest());
  equal(await page.getByLabel("Doctor who wrote it").count(), 0);
  await card(page, "Massage for flat feet").click();
  await heading(page, "Only with a clearance").waitFor();
  equal(await page.getByRole("button", {name: "All done, start"}).count(), 0);
  await page.getByLabel("Doctor who wrote it").fill("Dr Weber");
  check(await page.getByRole("button", {name: "Go on"}).isDisabled(), "the operator is lacking");
  await page.getByLabel("Operator who does the session").fill("Maria");
  await page.getByRole("button", {name: "Go on"}).click();
  await page.getByRole("button", {name: "All done, start"}).waitFor();
});

test("oil is mixed within its recipe and kept with the session", async ({page}) => {
  const [device] = await freeDevices("spa-pro");
  await screened(page, device, newGuest());
  await card(page, "Firming massage").click();
  await page.getByLabel("Essential oil").selectOption("lavender");
  equal(await page.getByLabel("Drops").locator("option").allTextContents(), ["3", "4", "5"]);
  await page.getByLabel("Drops").selectOption("5");
  await page.getByRole("button", {name: "All done, start"}).click();
  await page.waitForURL(/#\/sessions\//);
  const {items} = await api.get(`/sessions/${page.url().split("/").at(-1)}/checks`);
  const [mixed, ...more] = items.find((each) => each.item === "oil").detail.oil.essences;
  equal([mixed.essence, mixed.drops, more.length], ["lavender", 5, 0]);
});

test("a unit that is not free says what to do, with the button for it", async ({page}) => {
  const [device] = await freeDevices("bath-basic");
  const id = await startSession(device.id);
  await visit(page, `/start/${device.id}`);
  await page.getByRole("link", {name: "Open the session"}).waitFor();
  await api.post(`/sessions/${id}/stop?wait=5`);
  await page.getByRole("link", {name: "Disinfect", exact: true}).click();
  await heading(page, `Disinfect ${device.name}`).waitFor();
});

test("a session by hand needs no unit", async ({page}) => {
  const site = (await api.get("/sites")).items[0];
  await visit(page, `/start?site=${site.id}`);
  await page.getByRole("button", {name: /^Without a name/}).click();
  await page.getByRole("button", {name: /looked at/}).click();
  await page.getByRole("button", {name: "None of these"}).click();
  check(await card(page, "Ten-minute relaxing").isDisabled(), "a machine is needed for that");
  await card(page, "Four strokes for the hands").click();
  await page.getByRole("button", {name: "All done, start"}).click();
  await page.waitForURL(/#\/sessions\//);
  await page.getByText("By hand now").waitFor();
});

test("a guest whose course is due comes first, and so does the course's session", async ({page}) => {
  const [device] = await freeDevices("spa-pro");
  const {timezone} = await api.get(`/sites/${device.site_id}`);
  const today = new Intl.DateTimeFormat("en-CA", {timeZone: timezone, year: "numeric", month: "2-digit", day: "2-digit"}).format(new Date());
  const course = await api.post("/courses", {site_id: device.site_id, guest: "Cora", template: "maintenance", routine: "relax-10", start_on: today, time_of_day: "10:00"});
  await visit(page, `/start/${device.id}`);
  const first = page.locator(".choices").getByRole("button").first();
  await first.getByText(course.name).waitFor();
  await first.click();
  await page.getByRole("button", {name: /looked at/}).click();
  await page.getByRole("button", {name: "None of these"}).click();
  await page.locator(".routine-card").first().getByText(/^Session 1 of the course/).waitFor();
  await card(page, "Ten-minute relaxing").click();
  await page.getByRole("button", {name: "All done, start"}).click();
  await page.waitForURL(/#\/sessions\//);
  const begun = (await api.get(`/courses/${course.id}`)).sessions[0];
  equal(begun.session_id, page.url().split("/").at(-1));
});

for (const scheme of ["light", "dark"]) {
  test(`every step is within everybody's reach, ${scheme}`, async ({page}) => {
    const [device] = await freeDevices("spa-pro");
    await visit(page, `/start/${device.id}`);
    await page.getByLabel("First name or number").fill(newGuest());
    await page.getByRole("button", {name: "Next"}).click();
    await page.getByRole("button", {name: /looked at/}).click();
    await question(page, /^Of great age/).getByRole("button", {name: "Yes"}).click();
    equal(await accessibility(page), []);
    await page.getByRole("button", {name: "All others: no"}).click();
    await card(page, "Ten-minute relaxing").waitFor();
    equal(await accessibility(page), []);
    await card(page, "Massage for flat feet").click();
    await page.getByLabel("Doctor who wrote it").waitFor();
    equal(await accessibility(page), []);
    await page.getByRole("button", {name: /^Routine/}).click();
    await card(page, "Firming massage").click();
    await page.getByLabel("Essential oil").waitFor();
    equal(await accessibility(page), []);
  }, {scheme});
}

await run();
