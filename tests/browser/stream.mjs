import {api, control, equal, run, test, until, visit} from "./harness.mjs";

const DOWN = [/ERR_CONNECTION_REFUSED/, /ERR_INCOMPLETE_CHUNKED_ENCODING/, /ERR_CONNECTION_RESET/, /ERR_EMPTY_RESPONSE/, /\/api\/v1\/events/];
const sign = (page) => page.getByRole("alert").filter({hasText: "No connection to the server"});
const streams = async (n) => {
  let last;
  await until(async () => (last = await clients()) === n, `${n} streams`, 40).catch((error) => { throw new Error(`${error.message}; there are ${last}`); });
};
const clients = () => api.metric("pediluve_sse_clients");

test("a lost server is told at once, and what changed meanwhile is there when it is back", async ({page}) => {
  await visit(page, "/");
  const {items: [device]} = await api.get("/devices?limit=1");
  await control("kill_server");
  await sign(page).waitFor();
  await control("sql", {text: `UPDATE device SET name = 'Renamed meanwhile' WHERE id = '${device.id}'`});
  await control("start_server");
  await sign(page).waitFor({state: "detached", timeout: 40000});
  await page.getByRole("heading", {name: "Renamed meanwhile"}).waitFor();
}, {allow: DOWN, deadlineS: 120});

test("tabs of one browser share one stream, and another takes over when one is closed", async ({page, context}) => {
  await streams(0); // that of the test before, whose end the server sees when it next has something to say
  await visit(page, "/");
  await streams(1);
  const second = await context.newPage();
  await visit(second, "/");
  const third = await context.newPage();
  await visit(third, "/");
  await third.waitForTimeout(1000); // long enough for a stream of its own, were there one
  equal(await clients(), 1);
  await page.close();
  await streams(1);
  const {items: [device]} = await api.get("/devices?limit=1");
  await control("stop_fleet");
  await second.getByRole("article").filter({hasText: device.name}).filter({hasText: "Not connected"}).first().waitFor();
  await third.getByRole("article").filter({hasText: device.name}).filter({hasText: "Not connected"}).first().waitFor();
  await control("start_fleet");
}, {deadlineS: 120});

await run();
