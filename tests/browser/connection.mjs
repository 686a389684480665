import {accessibility, api, check, control, equal, run, test, until, visit} from "./harness.mjs";

const connection = (page) => page.locator("section", {has: page.getByRole("heading", {name: "Connection", exact: true})});

test("a unit's page shows when it was connected, how much of the time, and what changed last", async ({page}) => {
  const device = (await api.get("/devices?limit=200")).items.find((each) => each.connected);
  await until(async () => (await api.get(`/devices/${device.id}/presence`)).items.length > 0, "its connection to be written");
  await until(async () => (await api.get(`/devices/${device.id}/presence`)).watched_until, "the server to say that it watches", 40);
  await visit(page, `/devices/${device.id}`);
  const here = connection(page);
  await here.getByRole("img", {name: /^Connected 100% of the last 24 hours/}).waitFor();
  equal(await here.locator("svg .strip-off").count(), 0);
  await here.getByRole("cell", {name: "It has connected"}).first().waitFor();
  equal(await accessibility(page), []);

  await control("stop_fleet"); // every unit is switched off
  await here.getByRole("cell", {name: "The connection broke or was ended"}).first().waitFor();
  check(await here.locator("svg .strip-off").count() > 0, "the interruption is drawn");
  await here.getByRole("button", {name: "7 days"}).click();
  await here.getByRole("img", {name: /of the last 7 days/}).waitFor();
  await control("start_fleet");
  await until(async () => (await api.get(`/devices/${device.id}`)).ready, "the unit to be back", 30);
  await until(async () => /after a restart/.test(await here.innerText()), "its return", 30);
});

await run();
