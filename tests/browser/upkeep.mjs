import {readFileSync} from "node:fs";
import {accessibility, api, check, control, equal, run, test, until, visit} from "./harness.mjs";

const dialog = (page) => page.getByRole("dialog");
const heading = (page, name) => page.getByRole("heading", {name, exact: true});

/* A unit that nobody plays. */
let made = 0;
async function newUnit() {
  const [{id: site}] = (await api.get("/sites?limit=1")).items;
  return api.post("/devices", {site_id: site, model: "spa-pro", name: `Chair ${40 + ++made}`});
}

test("a unit is added, its access data shown once, then renamed, taken out, put back and retired", async ({page}) => {
  await visit(page, "/devices");
  await page.getByRole("button", {name: "Add a unit"}).click();
  await page.getByLabel("Name", {exact: true}).fill("Chair 30");
  equal(await accessibility(page), []);
  await dialog(page).getByRole("button", {name: "Add", exact: true}).click();
  await heading(page, "Chair 30 was added").waitFor();
  check((await page.getByLabel("Password", {exact: true}).inputValue()).length > 16, "a password to copy");
  const saved = async () => {
    const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", {name: "Save agent.json"}).click()]);
    equal(file.suggestedFilename(), "agent.json");
    return JSON.parse(readFileSync(await file.path(), "utf8"));
  };
  const unit = (await api.get("/devices?limit=200")).items.find((each) => each.name === "Chair 30");
  const password = await page.getByLabel("Password", {exact: true}).inputValue();
  await page.getByLabel("Broker, as the unit reaches it").fill("broker of ours");
  await page.getByText("A name or address").waitFor();
  equal(await page.getByRole("button", {name: "Save agent.json"}).isDisabled(), true);
  await page.getByLabel("Broker, as the unit reaches it").fill("broker.example.org");
  equal(await saved(), {device_id: unit.id, password, model: unit.model, models_dir: "/usr/share/pediluve/models",
    mqtt: {host: "broker.example.org", port: 8883, ca_file: "/etc/ssl/certs/ca-certificates.crt"}, journal: "/var/lib/pediluve-agent/journal.db",
    status: "/run/pediluve-agent/status.sock", board: "linux", board_file: "/etc/pediluve/linux.json"});
  await page.getByLabel("With TLS").uncheck();
  await page.getByLabel("Board", {exact: true}).selectOption("sim");
  const plain = await saved();
  equal([plain.mqtt, plain.board, plain.board_file], [{host: "broker.example.org", port: 1883}, "sim", undefined]);
  equal(await control("claim", {...plain, mqtt: undefined}), {simulated: true}); // an agent with this very file, at the broker of this test
  equal(await accessibility(page), []);
  await page.getByRole("button", {name: "I have kept it"}).click();
  await heading(page, "Chair 30").waitFor();
  await page.getByRole("button", {name: "Rename or move"}).click();
  await page.getByLabel("Name", {exact: true}).fill("Chair 31");
  await page.getByRole("button", {name: "Save"}).click();
  await heading(page, "Chair 31").waitFor();
  const device = page.url().split("/").pop();
  for (const [act, then, service] of [["Take out for maintenance", "Put into service", "maintenance"], ["Put into service", "Take out for maintenance", "in_service"]]) {
    await page.getByRole("button", {name: act}).click();
    await dialog(page).getByRole("button", {name: act}).click();
    await dialog(page).waitFor({state: "detached"});
    await page.getByRole("button", {name: then}).waitFor();
    equal((await api.get(`/devices/${device}`)).service, service);
  }
  await page.getByRole("button", {name: "Retire"}).click();
  await dialog(page).getByRole("button", {name: "Retire"}).click();
  await dialog(page).waitFor({state: "detached"}); // it has a button of that name until the server has answered
  await page.getByRole("button", {name: "Retire"}).waitFor({state: "detached"});
  equal((await api.get(`/devices/${device}`)).service, "retired");
});

test("an alarm shows on every page at once; who takes care and what was done stay with it", async ({page}) => {
  const device = await newUnit();
  await visit(page, "/devices");
  await page.getByRole("heading", {level: 1}).click();
  await control("sql", {text: `INSERT INTO alarm (kind, severity, device_id, site_id) SELECT 'command_unknown', 'critical', id, site_id FROM device WHERE id = '${device.id}' RETURNING id`});
  await page.getByRole("alert").getByRole("link", {name: device.name}).click();
  await heading(page, "Alarms").waitFor();
  equal(await accessibility(page), []);
  await page.getByRole("button", {name: "I take care"}).first().click();
  await page.getByText("No open alarm.").waitFor();
  await page.getByRole("button", {name: /^Acknowledged/}).click();
  await page.getByRole("button", {name: "Clear", exact: true}).click();
  await page.getByLabel("What was done").fill("Switched off and on");
  await dialog(page).getByRole("button", {name: "Clear", exact: true}).click();
  await page.getByRole("button", {name: "Cleared"}).click();
  await page.getByText("Switched off and on").waitFor();
  const [alarm] = (await api.get(`/alarms?device_id=${device.id}`)).items;
  equal([alarm.state, alarm.acknowledged_name, alarm.cleared_name, alarm.note], ["cleared", "Staff", "Staff", "Switched off and on"]);
});

test("alarms older than the latest fifty can be seen too", async ({page}) => {
  const device = await newUnit();
  await control("sql", {text: `INSERT INTO alarm (kind, severity, device_id, site_id, raised_at, cleared_at, gone_at, detail) SELECT 'samples_lost', 'warning', d.id, d.site_id, now() - n * interval '1 minute',
    now(), now(), 'number ' || n FROM device d, generate_series(1, 60) n WHERE d.id = '${device.id}' RETURNING id`});
  await visit(page, "/alarms?state=cleared");
  const shown = page.locator(".alarm");
  await until(async () => await shown.count() === 50, "the latest fifty");
  await page.getByRole("button", {name: "Show more"}).click();
  await until(async () => await shown.count() >= 60, "the others");
  equal(await page.getByRole("button", {name: "Show more"}).count(), 0);
});

test("the disinfection log takes a record and days without use, and is saved as a file and printed a unit a page", async ({page}) => {
  const device = await newUnit();
  await visit(page, "/log");
  await page.getByRole("button", {name: `Record a disinfection of ${device.name}`}).click();
  await page.getByLabel("Disinfectant", {exact: true}).fill("Barbicide");
  await page.getByLabel("Initials").fill("AB");
  await dialog(page).getByRole("button", {name: "Record", exact: true}).click();
  const sheet = page.getByRole("region", {name: new RegExp(`^${device.name},`)});
  await sheet.getByRole("cell", {name: "Barbicide"}).waitFor();
  const [log] = (await api.get(`/devices/${device.id}/cleanings`)).items;
  equal([log.kind, log.contact_minutes, log.initials], ["after_client", 10, "AB"]);
  await page.getByRole("button", {name: `Note days on which ${device.name} was not used`}).click();
  await page.getByLabel("Reason").fill("Closed");
  await dialog(page).getByRole("button", {name: "Save"}).click();
  await sheet.getByText("Closed").waitFor();
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", {name: "Save as CSV"}).click()]);
  check(readFileSync(await file.path(), "utf8").split("\r\n").some((line) => line.includes(device.name) && line.includes("Barbicide")), "the record is in the file");
  await page.emulateMedia({media: "print"});
  equal(await page.getByRole("button", {name: "Print"}).isVisible(), false);
  const pages = (await page.pdf()).toString("latin1").match(/\/Type \/Page\b/g).length, units = (await page.getByRole("region").all()).length;
  check(pages >= units, `${pages} pages for ${units} units`);
});

test("what a unit measured is drawn, told in figures, and read with the arrow keys", async ({page}) => {
  const device = (await api.get("/devices?limit=200")).items.find((each) => each.ready && each.cleaning === "clean" && each.model === "spa-pro");
  const session = await api.post("/sessions", {device_id: device.id, routine: "relax-10", intake: {none_apply: true}});
  await until(async () => (await api.get(`/sessions/${session.id}`)).state === "completed", "the session to end", 60);
  await until(async () => (await api.get(`/devices/${device.id}/telemetry`)).items.length > 20, "its samples");
  await visit(page, `/devices/${device.id}`);
  const picture = page.getByRole("img", {name: /^Water over time/});
  await picture.locator("canvas").waitFor();
  await picture.focus();
  const now = page.locator(".chart-now dt").first(), before = await now.textContent();
  await page.keyboard.press("Home");
  await until(async () => (await now.textContent()) !== before, "the figures to follow the keys");
  equal(await accessibility(page), []);
}, {deadlineS: 120});

test("an owner invites somebody by a link that is shown once, and switches them off", async ({page}) => {
  await visit(page, "/people");
  await page.getByRole("button", {name: "Invite somebody"}).click();
  await page.getByLabel("Name", {exact: true}).fill("Jo");
  await page.getByLabel("Name to sign in with").fill("jo");
  if (await dialog(page).getByLabel("All sites").isChecked()) await dialog(page).getByLabel("All sites").uncheck();
  await page.getByRole("button", {name: "Make the link"}).click();
  await page.getByText("Choose all sites, or at least one.").waitFor();
  await dialog(page).getByLabel("All sites").check();
  equal(await accessibility(page), []);
  await page.getByRole("button", {name: "Make the link"}).click();
  check(/sign-in\?code=/.test(await page.getByLabel("Link to sign in", {exact: true}).inputValue()), "a link");
  await page.getByRole("button", {name: "I have kept it"}).click();
  await page.getByRole("button", {name: "Switch off: Jo"}).click();
  await dialog(page).getByRole("button", {name: "Switch off"}).click();
  await page.getByRole("button", {name: "Switch on: Jo"}).waitFor();
  equal((await api.get("/users")).items.find((each) => each.login === "jo").state, "disabled");
});

test("a wrong closed date of a site is told at its field", async ({page}) => {
  await visit(page, "/people");
  await page.getByRole("button", {name: /^Edit: /}).last().click();
  const closed = page.getByLabel("Closed on");
  await closed.fill("2030-12-25\n2030-13-40");
  await page.getByRole("button", {name: "Save"}).click();
  await until(async () => (await closed.getAttribute("aria-invalid")) === "true", "the field to be marked");
  await closed.fill("2030-12-25");
  await page.getByRole("button", {name: "Save"}).click();
  await page.getByText("1 day closed").waitFor();
}, {allow: [/status of 4(00|22) .*\/api\/v1\/sites\//]});

await run();
