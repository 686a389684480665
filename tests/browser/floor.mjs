import {api, check, control, equal, freeDevices, run, startSession, test, until, visit} from "./harness.mjs";

const tiles = (page) => page.getByRole("article");
const chip = (page, name) => page.getByRole("button", {name: new RegExp(`^${name} `)});
const sites = async () => Object.fromEntries((await api.get("/sites?limit=200")).items.map((each) => [each.id, each.name]));
const fullName = async (device) => `${device.name}, ${(await sites())[device.site_id]}`;
const stateOf = async (session) => (await api.get(`/sessions/${session}`)).state;

test("every device is a tile that says its name and how it is", async ({page}) => {
  await visit(page, "/");
  const {items} = await api.get("/devices?limit=200");
  equal(await tiles(page).count(), items.length);
  for (const each of items) {
    const tile = tiles(page).filter({has: page.getByRole("link", {name: new RegExp(`^${each.name}\\s*${(await sites())[each.site_id]}.*Free`, "s")})});
    equal(await tile.count(), 1, each.name);
    await tile.getByText("Ready", {exact: true}).waitFor({state: "attached"});
    await tile.getByText("°C").waitFor();
  }
});

test("words and filters narrow the floor", async ({page}) => {
  await visit(page, "/");
  const all = await tiles(page).count();
  const name = await tiles(page).first().getByRole("heading").textContent();
  await page.getByRole("searchbox").fill(name.toUpperCase());
  await until(async () => await tiles(page).count() < all, "fewer tiles");
  for (const tile of await tiles(page).all()) check((await tile.getByRole("heading").textContent()).includes(name), name);
  await page.getByRole("searchbox").fill("no such unit");
  await page.getByText("No unit fits this filter.").waitFor();
  await page.getByRole("searchbox").fill("");
  await chip(page, "Free").click();
  await until(async () => await tiles(page).count() === (await freeDevices()).length, "the free ones");
  await chip(page, "In use").click();
  await page.getByText("No unit fits this filter.").waitFor();
  await page.getByRole("button", {name: "Show all"}).click();
  await until(async () => await tiles(page).count() === all, "all of them again");
});

test("one site's devices can be shown alone", async ({page}) => {
  await visit(page, "/");
  const {items: devices} = await api.get("/devices?limit=200");
  for (const [id, name] of Object.entries(await sites())) {
    await page.getByLabel("Site").selectOption(name);
    const here = devices.filter((each) => each.site_id === id);
    await until(async () => await tiles(page).count() === here.length, `the tiles of ${name}`);
    equal(await tiles(page).filter({hasText: name}).count(), 0, "the one site need not be said on every tile");
  }
});

test("a session shows itself on its tile, and one tap stops it", async ({page}) => {
  await visit(page, "/");
  const [device] = await freeDevices();
  const name = await fullName(device);
  const session = await startSession(device.id);
  const stop = page.getByRole("button", {name: `Stop ${name}`});
  await stop.waitFor();
  const tile = tiles(page).filter({has: stop});
  await tile.getByText("Running").waitFor();
  await tile.getByText((await api.get("/routines/relax-10")).name).waitFor();
  await page.reload();
  await tile.getByText((await api.get("/routines/relax-10")).name).waitFor();
  check(/^\d+:\d\d/.test(await tile.locator("b").first().textContent()), "the tile shows what remains");
  await stop.click();
  await until(async () => await stateOf(session) === "stopped", "the device to stop");
  await page.getByRole("button", {name: `Disinfect ${name}`}).waitFor();
  equal(await page.getByRole("button", {name: `Start on ${name}`}).count(), 0, "a used device offers no start");
});

test("one button stops all of them, after asking", async ({page}) => {
  await visit(page, "/");
  const chosen = (await freeDevices()).slice(0, 2);
  const sessions = [];
  for (const device of chosen) sessions.push(await startSession(device.id));
  const stop = page.getByRole("button", {name: "Stop all 2 sessions"});
  await stop.waitFor();
  page.once("dialog", (dialog) => dialog.dismiss());
  await stop.click();
  equal(await Promise.all(sessions.map(stateOf)), ["running", "running"]);
  page.once("dialog", (dialog) => dialog.accept());
  await stop.click();
  await until(async () => (await Promise.all(sessions.map(stateOf))).every((each) => each === "stopped"), "both to stop");
  await stop.waitFor({state: "detached"});
});

test("a device that is gone is told so", async ({page}) => {
  await visit(page, "/");
  const count = await tiles(page).count();
  await control("stop_fleet");
  await until(async () => await tiles(page).filter({hasText: "Not connected"}).count() === count, "every tile to say so", 40);
  equal(await page.getByRole("button", {name: /^Start on/}).count(), 0, "nothing can be started there");
  await control("start_fleet");
  await until(async () => await tiles(page).filter({hasText: "Not connected"}).count() === 0, "every tile to be back", 40);
});

await run();
