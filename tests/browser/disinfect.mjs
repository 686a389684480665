import {api, check, control, equal, freeDevices, run, startSession, test, until, visit} from "./harness.mjs";

/* A device that was used. */
async function used() {
  const [device] = await freeDevices();
  const id = await startSession(device.id);
  await api.post(`/sessions/${id}/stop?wait=5`);
  await until(async () => (await api.get(`/devices/${device.id}`)).cleaning === "due", "it to be due");
  return device;
}
const fill = async (page, product = "Barbicide") => {
  await page.getByLabel("Your initials").fill("AB");
  await page.getByLabel("Disinfectant", {exact: true}).fill(product);
  await page.getByLabel("Registration number").fill("1706-69");
};
const begin = (page) => page.getByRole("button", {name: /start the time/});

/* Eleven minutes later: on the page's clock, and on the server's where it keeps the time. */
async function later(page, device) {
  const now = await api.get(`/devices/${device.id}`);
  if ("disinfecting" in now) await control("sql", {text: `UPDATE device SET disinfecting_at = disinfecting_at - interval '11 minutes' WHERE id = '${device.id}' RETURNING id`});
  await page.clock.fastForward(11 * 60 * 1000);
  await page.clock.runFor(2000);
}

test("the record waits for the contact time, which outlives a reload", async ({page}) => {
  const device = await used();
  await page.clock.install();
  await page.goto(`/#/disinfect/${device.id}`);
  await page.getByRole("heading", {name: `Disinfect ${device.name}`}).waitFor();
  check(await begin(page).isDisabled(), "initials and product are needed");
  await fill(page);
  await begin(page).click();
  await page.getByRole("timer").waitFor();
  check(await page.getByRole("button", {name: /^Can be recorded in/}).isDisabled(), "too early");
  await page.reload();
  await page.getByRole("timer").waitFor();
  check(await page.getByRole("button", {name: /^Can be recorded in/}).isDisabled(), "still too early");
  await later(page, device);
  await page.getByRole("button", {name: /record it$/}).click();
  await page.getByText(`${device.name} is clean.`).waitFor();
  equal((await api.get(`/devices/${device.id}`)).cleaning, "clean");
  const [log] = (await api.get(`/devices/${device.id}/cleanings?limit=1`)).items;
  equal([log.kind, log.disinfectant, log.epa_number, log.initials, log.rinsed], ["after_client", "Barbicide", "1706-69", "AB", true]);
  check(log.contact_minutes >= 10, log.contact_minutes);
});

test("product and initials are those of the last time on this tablet", async ({page}) => {
  const device = await used();
  await visit(page, `/disinfect/${device.id}`);
  await fill(page, "Quat 5");
  await begin(page).click();
  await page.getByRole("timer").waitFor();
  page.once("dialog", (dialog) => dialog.accept());
  await page.getByRole("button", {name: "Start over"}).click();
  await begin(page).waitFor();
  await page.reload();
  await begin(page).waitFor();
  equal([await page.getByLabel("Your initials").inputValue(), await page.getByLabel("Disinfectant", {exact: true}).inputValue()], ["AB", "Quat 5"]);
});

test("a contact time below the rule's cannot be set", async ({page}) => {
  const device = await used();
  await visit(page, `/disinfect/${device.id}`);
  const minutes = page.getByLabel("Contact time, minutes");
  await minutes.fill("3");
  await minutes.blur();
  equal(await minutes.inputValue(), "10");
});

await run();
