// The self-test of a unit on its page: asked for in maintenance, watched, stopped, and read.
import {accessibility, api, check, equal, freeDevices, run, screenshot, test, until, visit, SIZES} from "./harness.mjs";

const dialog = (page) => page.getByRole("dialog");
const section = (page) => page.locator("section", {has: page.getByRole("heading", {name: "Self-test", exact: true})});
const start = (page) => section(page).getByRole("button", {name: "Start the self-test"});
const last = async (device) => (await api.get(`/devices/${device.id}/self-tests`)).items[0];

async function inMaintenance(page, model) {
  const device = (await freeDevices(model)).find((each) => each.service === "in_service");
  await visit(page, `/devices/${device.id}`);
  equal(await start(page).count(), 0, "no button in service");
  await section(page).getByText("take the unit out for maintenance first").waitFor();
  await page.getByRole("button", {name: "Take out for maintenance"}).click();
  await dialog(page).getByRole("button", {name: "Take out for maintenance"}).click();
  await start(page).waitFor();
  return device;
}

async function begin(page) {
  await start(page).click();
  await dialog(page).getByLabel("nobody's feet are in the unit").check();
  await dialog(page).getByRole("button", {name: "Start the self-test"}).click();
  await section(page).getByRole("progressbar").waitFor();
}

test("nothing runs before somebody says that nobody is in the unit; then every check is shown with its result", async ({page}) => {
  const device = await inMaintenance(page, "spa-pro");
  await start(page).click();
  await dialog(page).getByRole("button", {name: "Start the self-test"}).click();
  equal(await dialog(page).getByLabel("nobody's feet are in the unit").evaluate((box) => box.validity.valueMissing), true);
  equal((await api.get(`/devices/${device.id}/self-tests`)).items, []);
  equal(await accessibility(page), []);
  await screenshot(page, "self-test-asked");
  await dialog(page).getByRole("button", {name: "Cancel"}).click();
  await begin(page);
  equal(await accessibility(page), []);
  await screenshot(page, "self-test-runs");
  await section(page).getByText("Passed", {exact: true}).first().waitFor({timeout: 40000});
  const done = await last(device);
  equal([done.state, done.verdict], ["succeeded", "passed"]);
  equal(await section(page).getByRole("row").count(), done.checks.length + 1);
  await section(page).getByRole("row", {name: "Rollers, sole 2 Passed"}).waitFor();
  await section(page).getByRole("row", {name: "Water temperature 1 Passed"}).first().waitFor();
  await section(page).getByText("Staff").waitFor();
  equal(await accessibility(page), []);
  await section(page).scrollIntoViewIfNeeded();
  await screenshot(page, "self-test-passed");
  await page.evaluate(() => localStorage.setItem("pediluve-language", "de"));
  await page.reload();
  const german = page.locator("section", {has: page.getByRole("heading", {name: "Selbsttest", exact: true})});
  await german.getByRole("row", {name: /^Rollen, Fußsohle 2 Bestanden \d+ mA bei \d+ %/}).waitFor();
  await german.getByRole("row", {name: /^Wassertemperatur 1 Bestanden \d+,\d\d °C$/}).waitFor();
  await german.getByRole("row", {name: "Not-Halt Bestanden gelöst"}).waitFor();
  check(!/turned|became|apart|released|at rest/.test(await german.innerText()), await german.innerText());
  await german.scrollIntoViewIfNeeded();
  await screenshot(page, "self-test-de");
}, {deadlineS: 200, viewport: SIZES.desktop});

test("a stop ends it, and it is told as not passed", async ({page}) => {
  const device = await inMaintenance(page, "spa-pro");
  await begin(page);
  await until(async () => (await api.get(`/devices/${device.id}`)).mode === "maintenance", "the unit to test itself");
  await section(page).getByRole("button", {name: "Stop the self-test"}).click();
  await section(page).getByText("Not tried").first().waitFor();
  await start(page).waitFor();
  const done = await last(device);
  equal([done.state, done.code, done.verdict], ["failed", "superseded", "failed"]);
  check(done.checks.some((each) => each.result === "skipped"), "what was not tried is told");
  await section(page).getByText("It was stopped.").waitFor();
  await screenshot(page, "self-test-stopped");
}, {viewport: SIZES.phone});

await run();
