import {render} from "preact";
import {App} from "./app.jsx";
import {loadMe, me} from "./data/api.js";
import {setLanguage, startTexts} from "./texts/index.js";
import "./pages/index.js";

// Both are asked for at once; the sign-in page says what is wrong, when it is tried.
const known = loadMe().then(() => me.value?.language && setLanguage(me.value.language), () => { me.value = null; });
await startTexts();
render(<App />, document.getElementById("app"));
await known;
