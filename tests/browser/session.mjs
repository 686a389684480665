import {api, check, equal, freeDevices, run, screenshot, startSession, test, until, visit} from "./harness.mjs";

const read = (id) => api.get(`/sessions/${id}`);
const start = async (routine, more = {}) => {
  const [device] = await freeDevices("spa-pro");
  const made = await api.post("/sessions?wait=5", {device_id: device.id, routine, intake: {none_apply: true}, ...more});
  return {id: made.id, device};
};

test("pause, resume and the changes are what the unit does", async ({page}) => {
  const {id} = await start("relax-10", {guest: "Ben"});
  await visit(page, `/sessions/${id}`);
  await page.getByRole("heading", {name: "Ten-minute relaxing foot massage"}).waitFor();
  await page.getByText("Ben").waitFor();
  await page.getByRole("button", {name: "Pause"}).click();
  await page.getByRole("button", {name: "Go on"}).waitFor();
  equal((await read(id)).state, "paused");
  await page.getByRole("button", {name: "Go on"}).click();
  await page.getByRole("button", {name: "Pause"}).waitFor();
  await page.getByRole("button", {name: "Less: Strength"}).evaluate(async (less) => { // in a row, however slow the machine
    for (let i = 0; i < 3; i++) {
      less.click();
      await new Promise(requestAnimationFrame);
    }
  });
  await until(async () => (await read(id)).intensity === 70, "the strength of 70 %");
  await page.getByRole("group", {name: "Strength"}).getByText("70 %").waitFor();
  await page.getByRole("button", {name: "Less: Water"}).click();
  await until(async () => (await read(id)).target_c === 37.5, "37.5 degrees");
  const adjusts = (await api.get(`/commands?limit=200`)).items.filter((each) => each.session_id === id && each.type === "adjust");
  equal(adjusts.length, 2, "taps in a row are one order");
});

test("the picture and the timeline follow the program", async ({page}) => {
  const {id} = await start("relax-10");
  await visit(page, `/sessions/${id}`);
  await page.getByRole("img", {name: /^Soles.*sole/}).waitFor();
  await page.getByRole("img", {name: /^Step \d+ of \d+/}).waitFor();
  await page.getByText("All 6 steps").click();
  await until(async () => await page.locator(".step-list [aria-current=step]").count() === 1, "one present step");
  await until(async () => (await read(id)).step >= 2, "the second step", 40);
  await page.getByRole("heading", {name: "Palm rubbing"}).waitFor();
});

test("steps by hand are confirmed part after part", async ({page}) => {
  const {id} = await start("acupressure-foot");
  await visit(page, `/sessions/${id}`);
  await page.getByText("Part 1 of 2").waitFor({timeout: 40000});
  await page.getByText("arch, left", {exact: true}).waitFor();
  await page.getByRole("img", {name: /^Repetition \d of 8/}).waitFor();
  await page.getByRole("img", {name: /^Soles.*arch.*left/}).waitFor();
  await screenshot(page, "session-by-hand-tablet");
  await page.getByRole("button", {name: "This part is done"}).click();
  await page.getByText("Part 2 of 2").waitFor();
  await page.getByText("arch, right", {exact: true}).waitFor();
  await page.getByRole("button", {name: "Done, go on"}).click();
  await until(async () => (await read(id)).step === 3, "the next step");
});

test("one tap stops, and afterwards comes what is to be done", async ({page}) => {
  const {id, device} = await start("relax-10");
  await visit(page, `/sessions/${id}`);
  await page.getByRole("button", {name: "Stop"}).click();
  await page.getByRole("heading", {name: /^Stopped/}).waitFor();
  equal((await read(id)).state, "stopped");
  await page.getByRole("button", {name: "Done: Rest"}).click();
  await until(async () => (await api.get(`/sessions/${id}/checks`)).items.find((each) => each.item === "rest").done, "the check");
  await page.getByRole("link", {name: "Disinfect", exact: true}).click();
  await page.getByRole("heading", {name: `Disinfect ${device.name}`}).waitFor();
});

test("Stop is in sight on every size, whatever is scrolled", async ({page}) => {
  const [device] = await freeDevices();
  const id = await startSession(device.id);
  await visit(page, `/sessions/${id}`);
  for (const size of [{width: 390, height: 844}, {width: 820, height: 1180}, {width: 1440, height: 900}]) {
    await page.setViewportSize(size);
    for (const y of [0, 100000]) {
      await page.evaluate((to) => scrollTo(0, to), y);
      const box = await page.getByRole("button", {name: "Stop"}).boundingBox();
      check(box.y >= 0 && box.y + box.height <= size.height && box.height >= 48, JSON.stringify({size, y, box}));
      const hit = await page.evaluate(([x, at]) => document.elementFromPoint(x, at)?.closest("button")?.textContent, [box.x + box.width / 2, box.y + box.height / 2]);
      equal(hit.trim(), "Stop", "nothing lies above it");
    }
  }
});

test("a session that is not there is told so", async ({page}) => {
  await visit(page, "/sessions/01990000-0000-7000-8000-000000000000");
  await page.getByText("There is no such session.").waitFor();
}, {allow: [/status of 404/]});

await run();
