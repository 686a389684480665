import {control, check, enterByLink, equal, open, PASSWORD, run, test, URL_OF_SPA} from "./harness.mjs";

const REFUSED = [/status of 401 .*\/sign-in$/, /status of 429 .*\/sign-in$/];
const menu = (page) => page.getByRole("navigation", {name: "Pages"});

async function enter(page, login, password) {
  await page.getByLabel("Name").fill(login);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", {name: "Sign in"}).click();
}

test("a stranger sees the sign-in and nothing else", async ({page}) => {
  await page.goto("/");
  await page.getByRole("button", {name: "Sign in"}).waitFor();
  equal(await menu(page).count(), 0);
  equal((await page.request.get("/api/v1/devices")).status(), 401);
}, {signedIn: false});

test("a link signs in, sets the password, and serves once", async ({page}) => {
  const {link} = await control("user", {login: "anna", name: "Anna"});
  check(link.startsWith(`${URL_OF_SPA}/#/sign-in?code=`), link);
  await enterByLink(page, link);
  check(!page.url().includes("code="), "the code is out of the address");
  const other = await open({allow: REFUSED});
  const second = await other.context.newPage();
  await second.goto(link);
  await second.getByLabel("New password").fill("another password");
  await second.getByRole("button", {name: "Sign in"}).click();
  await second.getByRole("alert").waitFor();
  equal(await menu(second).count(), 0);
  equal(other.problems, []);
  await other.context.close();
}, {signedIn: false});

test("the cookie is out of reach of scripts and of other sites", async ({page, context}) => {
  await page.goto("/");
  await menu(page).waitFor();
  const cookies = await context.cookies();
  equal(cookies.map((each) => [each.name, each.httpOnly, each.sameSite]), [["pediluve", true, "Strict"]]);
  equal(await page.evaluate(() => [document.cookie, localStorage.length && JSON.stringify(localStorage).includes("pdl_")]), ["", 0]);
});

test("signing out ends it, and a name and a password begin it again", async ({page}) => {
  const {link} = await control("user", {login: "berta", name: "Berta"});
  await enterByLink(page, link);
  await page.getByRole("button", {name: "Berta"}).click();
  await page.getByRole("button", {name: "Sign out"}).click();
  await page.getByLabel("Name").waitFor();
  equal((await page.request.get("/api/v1/me")).status(), 401, "the server has forgotten it too");
  await enter(page, "berta", "a wrong password");
  await page.getByText("Name or password is not right.").waitFor();
  await enter(page, "berta", PASSWORD);
  await menu(page).waitFor();
}, {signedIn: false, allow: REFUSED});

test("who was on their way somewhere gets there after signing in", async ({page}) => {
  const {link} = await control("user", {login: "dora", name: "Dora"});
  const other = await open();
  await enterByLink(await other.context.newPage(), link);
  await other.context.close();
  await page.goto("/#/?show=1");
  await page.getByLabel("Name").waitFor();
  await enter(page, "dora", PASSWORD);
  await menu(page).waitFor();
  equal(new URL(page.url()).hash, "#/?show=1");
}, {signedIn: false});

test("who fails too often is told to wait, and for how long", async ({page}) => {
  await control("user", {login: "carla", name: "Carla"});
  await page.goto("/");
  const alert = page.getByRole("alert");
  for (let i = 0; i < 8 && !/too many/i.test(await alert.textContent().catch(() => "") ?? ""); i++) {
    await enter(page, "carla", `wrong ${i}`);
    await alert.waitFor();
    await page.waitForFunction(() => !document.querySelector("button.primary").disabled);
  }
  check(/too many.*\d+ s/i.test(await alert.textContent()), await alert.textContent());
}, {signedIn: false, allow: REFUSED});

await run();
