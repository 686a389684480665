// Every page, in the order of the menu. The first two come with the frame, the others in two groups when one of them is asked for.
import {addPages} from "../routes.js";
import Floor from "./floor.jsx";
import SignIn from "./sign-in.jsx";

const day = (name) => () => import("./day.js").then((pages) => pages[name]);
const owner = (name) => () => import("./owner.js").then((pages) => pages[name]);

addPages(
  {path: "/", name: "floor", menu: "floor", load: async () => Floor},
  {path: "/sign-in", name: "sign-in", open: true, load: async () => SignIn},
  {path: "/start", name: "by-hand", needs: "operate", load: day("start")},
  {path: "/start/:device", name: "start", needs: "operate", load: day("start")},
  {path: "/sessions/:id", name: "session", load: day("session")},
  {path: "/disinfect/:device", name: "disinfect", needs: "operate", load: day("disinfect")},
  {path: "/alarms", name: "alarms", menu: "alarm", load: day("alarms")},
  {path: "/log", name: "log", menu: "clean", load: owner("log")},
  {path: "/courses", name: "courses", menu: "course", load: owner("courses")},
  {path: "/courses/new", name: "course-new", needs: "operate", load: owner("courseNew")},
  {path: "/courses/:id", name: "course", load: owner("course")},
  {path: "/routines", name: "routines", menu: "routine", load: owner("routines")},
  {path: "/routines/:slug", name: "routine", load: owner("routine")},
  {path: "/routines/:slug/edit", name: "editor", needs: "manage", load: owner("editor")},
  {path: "/reflex", name: "reflex", load: owner("reflex")},
  {path: "/devices", name: "devices", menu: "device", load: day("devices")},
  {path: "/devices/:id", name: "device", load: day("device")},
  {path: "/people", name: "people", menu: "users", needs: "administer", load: owner("people")},
);
