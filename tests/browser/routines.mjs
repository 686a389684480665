import {accessibility, api, check, equal, run, SIZES, test, until, visit} from "./harness.mjs";

const button = (page, name) => page.getByRole("button", {name});
const steps = (page) => page.locator(".edit-step .step-open b").allInnerTexts();
const nameField = (page) => page.getByLabel("Name", {exact: true});
const saved = (page) => page.getByText("Saved", {exact: true}).waitFor();
const REFUSED = [/status of 4(00|09|12|22)/];
let count = 0;

/** A draft of three steps; its slug. */
async function draft(steps_ = ["stroking", "kneading", "tapping"]) {
  const slug = `own-${++count}`;
  await api.post("/routines", {slug, name: `Own ${count}`, type: "classic",
    steps: steps_.map((technique) => ({technique, zones: ["sole"], duration_s: 60, intensity: 30}))});
  return slug;
}
const contentOf = async (slug, version = 1) => (await api.get(`/routines/${slug}/versions/${version}`)).content;

test("routines are found by words and by filters", async ({page}) => {
  await visit(page, "/routines");
  const all = await page.locator(".routine-tile").count();
  check(all > 10, `${all} routines`);
  await page.getByLabel("Find a routine").fill("heel salt");
  await until(async () => (await page.locator(".routine-tile h2").allInnerTexts()).join() === "Evening care for heel spurs", "the one with both words");
  await button(page, "Clear filters").click();
  await page.getByLabel("Type of massage").selectOption("lymphatic-drainage");
  await until(async () => (await page.locator(".routine-tile").count()) === 1, "the one of this type");
  await page.getByLabel("Runs on").selectOption("bath-basic");
  await page.getByText("No routine fits.").waitFor();
});

test("a routine shows what it touches and what each actuator does", async ({page}) => {
  await visit(page, "/routines/relax-10");
  equal(await page.locator(".steps .step").count(), 6);
  await page.locator(".steps .step").nth(1).click();
  check(await page.locator(".lit [data-zone=ball].zone-lit").count() === 2, "the soles are lit");
  await button(page, "Spa Pro").click();
  await page.getByRole("img", {name: /^Rollers · sole\. .*travelling/}).waitFor();
  await button(page, "Play").click();
  await page.locator(".player-now").waitFor();
  await button(page, "Pause").click();
});

test("a model that cannot run it says which step and why", async ({page}) => {
  await visit(page, "/routines/lymph-legs");
  await button(page, "Bath Basic").click();
  const refusal = page.locator(".trial .error");
  await refusal.waitFor();
  check(/Step 2, Lymphatic wave: needs air cells/.test(await refusal.innerText()), await refusal.innerText());
}, {allow: REFUSED});

test("the reflex map names what is touched, and says that it is tradition", async ({page}) => {
  await visit(page, "/reflex");
  await page.getByText("finds and heals no illness").waitFor();
  await button(page, /^Heart/).click();
  check(await page.locator("[data-side=left] [data-zone=ball].zone-lit").count() === 1 && await page.locator("[data-side=right] .zone-lit").count() === 0, "the left ball only");
  await button(page, "big toe, right").click();
  await page.getByRole("heading", {name: "big toe, right"}).waitFor();
  equal(await button(page, /^Ears/).count(), 0);
});

test("a new routine is named, edited, saved and published", async ({page}) => {
  await visit(page, "/routines");
  await button(page, "New routine").click();
  await nameField(page).fill("Füße am Abend");
  equal(await page.getByLabel("Address").inputValue(), "fusse-am-abend");
  await button(page, "Make the draft").click();
  await page.waitForURL(/edit$/);
  await button(page, "Add a step").click();
  await page.getByLabel("Technique").selectOption("kneading");
  await page.getByLabel("Seconds", {exact: true}).fill("90");
  await page.getByLabel("Add a zone").selectOption("calf");
  await page.getByLabel("Instruction").fill("Firm, but never painful.");
  equal(await page.locator(".edit-bar b").innerText(), "2:30");
  await button(page, "Save").click();
  await saved(page);
  const {technique, zones, duration_s, intensity, instruction} = (await contentOf("fusse-am-abend")).steps[1];
  equal([technique, zones, duration_s, intensity, instruction], ["kneading", ["sole", "calf"], 90, 20, "Firm, but never painful."]);
  await button(page, "Publish").click();
  await button(page, "Publish now").click();
  await page.waitForURL(/fusse-am-abend$/);
  equal((await api.get("/routines/fusse-am-abend")).state, "published");
});

test("steps are moved with the keyboard, and the focus stays with the step", async ({page}) => {
  await visit(page, `/routines/${await draft()}/edit`);
  await page.locator(".handle").nth(2).focus();
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("ArrowUp");
  equal(await steps(page), ["Tapping", "Stroking", "Kneading"]);
  check(/^Move step 1, Tapping/.test(await page.evaluate(() => document.activeElement.getAttribute("aria-label"))), "the moved step has the focus");
  await button(page, "Undo").click();
  equal(await steps(page), ["Stroking", "Kneading", "Tapping"]);
});

test("steps are dragged", async ({page}) => {
  const slug = await draft();
  await visit(page, `/routines/${slug}/edit`);
  await page.locator(".edit-steps").scrollIntoViewIfNeeded();
  const from = await page.locator(".handle").nth(0).boundingBox(), to = await page.locator(".edit-step").nth(2).boundingBox();
  await page.mouse.move(from.x + 20, from.y + 20);
  await page.mouse.down();
  await page.mouse.move(from.x + 20, to.y + to.height - 6, {steps: 15});
  await page.mouse.up();
  equal(await steps(page), ["Kneading", "Tapping", "Stroking"]);
  await button(page, "Save").click();
  await saved(page);
  equal((await contentOf(slug)).steps.map((each) => each.technique), ["kneading", "tapping", "stroking"]);
});

test("a draft is tried on a simulated unit, from the editor to the running session", async ({page}) => {
  const slug = await draft();
  await visit(page, `/routines/${slug}/edit`);
  await page.getByRole("heading", {name: "On a simulated unit"}).waitFor();
  equal(await accessibility(page), []);
  const chosen = page.locator(".trial-units button").first(), name = await chosen.innerText();
  await chosen.click();
  await page.waitForURL(/#\/sessions\//);
  await page.getByText("Trial of a draft").waitFor();
  const session = await api.get(`/sessions/${page.url().split("/").at(-1)}`), device = await api.get(`/devices/${session.device_id}`);
  equal([session.trial, session.routine, device.simulated, device.name], [true, slug, true, name.trim()]);
  await until(async () => ["running", "completed"].includes((await api.get(`/sessions/${session.id}`)).state), "the session to run");
  await api.post(`/sessions/${session.id}/stop`).catch(() => {});
});

test("what the server refuses shows at its step", async ({page}) => {
  const slug = await draft(["stroking", "passive-gymnastics"]);
  await visit(page, `/routines/${slug}/edit`);
  await page.locator(".step-open").nth(1).click();
  await page.getByLabel("Who does it").selectOption("device");
  await button(page, "Save").click();
  await page.locator(".edit-step").nth(1).getByText("always done by hand").first().waitFor();
  equal(await page.locator(".edit-step").nth(0).locator(".error").count(), 0);
}, {allow: REFUSED});

test("what is plainly wrong is said before it is sent", async ({page}) => {
  await visit(page, `/routines/${await draft()}/edit`);
  await page.locator(".step-open").first().click();
  await page.getByLabel("Water, °C").fill("60");
  await page.locator(".step-bad").getByText("Between 10 and 43").first().waitFor();
  await button(page, "Save").click();
  await page.getByText("Step 1 is not complete yet.").waitFor();
});

test("a draft that somebody else saved meanwhile is not overwritten unasked", async ({page, context}) => {
  const slug = await draft(), other = await context.newPage();
  for (const each of [page, other]) await visit(each, `/routines/${slug}/edit`);
  await nameField(other).fill("From the other tablet");
  await button(other, "Save").click();
  await saved(other);
  await nameField(page).fill("From here");
  await button(page, "Save").click();
  await page.getByRole("heading", {name: "Somebody else changed this draft"}).waitFor();
  equal((await contentOf(slug)).name, "From the other tablet");
  await button(page, "Put mine in its place").click();
  await saved(page);
  equal((await contentOf(slug)).name, "From here");
}, {allow: REFUSED});

test("what was not saved is there again when the page is opened again", async ({page}) => {
  const slug = await draft();
  await visit(page, `/routines/${slug}/edit`);
  await nameField(page).fill("Half done");
  await page.getByRole("link", {name: "Back"}).click();
  await page.getByRole("heading", {name: /^Own/}).waitFor();
  await visit(page, `/routines/${slug}/edit`);
  await page.getByText("were not saved when the page was left").waitFor();
  equal(await nameField(page).inputValue(), "Half done");
});

test("versions are compared, and the newest can be retired", async ({page}) => {
  const slug = await draft();
  await visit(page, `/routines/${slug}/edit`);
  await button(page, "Publish").click();
  await button(page, "Publish now").click();
  await page.waitForURL(new RegExp(`${slug}$`));
  await button(page, "Edit").click();
  await page.waitForURL(/edit$/);
  await button(page, "Remove step 2, Kneading").click();
  await button(page, "Save").click();
  await saved(page);
  await visit(page, `/routines/${slug}`);
  await button(page, "What changed").click();
  await page.getByRole("dialog").getByText("Kneading, 1:00, 30 %").waitFor();
  await page.getByRole("dialog").getByRole("button", {name: "Close"}).click();
  await button(page, "Retire").click();
  await page.getByRole("dialog").getByRole("button", {name: "Retire"}).click();
  await until(async () => (await api.get(`/routines/${slug}/versions/1`)).state === "retired", "the version to be retired");
});

test("a document is judged before it is imported", async ({page}) => {
  await visit(page, "/routines");
  await button(page, "Import").click();
  const entry = {slug: "imported", name: "Imported", type: "classic", steps: [{technique: "stroking", duration_s: 60, intensity: 30}]};
  const give = (entries) => page.getByLabel("File").setInputFiles({name: "routines.json", mimeType: "application/json",
    buffer: Buffer.from(JSON.stringify({kind: "routines", version: 1, entries}))});
  await give([{...entry, steps: [{technique: "stroking", duration_s: 0, intensity: 30}]}]);
  await page.getByRole("dialog").getByText("Imported, Step 1: Seconds").waitFor();
  check(await button(page, "Import now").isDisabled(), "nothing can be imported");
  await give([entry]);
  await page.getByText("imported: new").waitFor();
  equal((await api.get("/routines?state=draft&q=Imported")).items.length, 0);
  await button(page, "Import now").click();
  await until(async () => (await api.get("/routines?state=draft&q=Imported")).items.length === 1, "the draft");
}, {allow: REFUSED});

for (const scheme of ["light", "dark"]) {
  test(`an open step and the questions before publishing are within everybody's reach, ${scheme}`, async ({page}) => {
    await visit(page, `/routines/${await draft()}/edit`);
    await page.locator(".step-open").nth(1).click();
    equal(await accessibility(page), []);
    await button(page, "Publish").click();
    equal(await accessibility(page), []);
  }, {scheme});
}

test("the editor is usable on a phone", async ({page}) => {
  await visit(page, `/routines/${await draft()}/edit`);
  await button(page, "Move step 1, Stroking down").click();
  equal(await steps(page), ["Kneading", "Stroking", "Tapping"]);
  equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true);
}, {viewport: SIZES.phone});

await run();
