import {render} from "preact";
import {App} from "./app.jsx";
import {loadMe, me} from "./data/api.js";
import {setLanguage, startTexts} from "./texts/index.js";
import "./pages/index.js";

await startTexts();
const root = document.getElementById("app");
render(<App />, root);
try {
  await loadMe();
  if (me.value?.language) await setLanguage(me.value.language);
} catch {
  me.value = null; // the sign-in page says what is wrong when it is tried
}
