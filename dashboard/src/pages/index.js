// Every page but the floor and the sign-in, in the order of the menu.
import {addPages} from "../routes.js";

addPages(
  {path: "/start", name: "by-hand", needs: "operate", load: () => import("./start.jsx")},
  {path: "/start/:device", name: "start", needs: "operate", load: () => import("./start.jsx")},
  {path: "/sessions/:id", name: "session", load: () => import("./session.jsx")},
  {path: "/disinfect/:device", name: "disinfect", needs: "operate", load: () => import("./disinfect.jsx")},
  {path: "/alarms", name: "alarms", menu: "alarm", load: () => import("./alarms.jsx")},
  {path: "/log", name: "log", menu: "clean", load: () => import("./hygiene.jsx")},
  {path: "/courses", name: "courses", menu: "course", load: () => import("./courses.jsx")},
  {path: "/courses/new", name: "course-new", needs: "operate", load: () => import("./course-new.jsx")},
  {path: "/courses/:id", name: "course", load: () => import("./course.jsx")},
  {path: "/routines", name: "routines", menu: "routine", load: () => import("./routines.jsx")},
  {path: "/routines/:slug", name: "routine", load: () => import("./routine.jsx")},
  {path: "/routines/:slug/edit", name: "editor", needs: "manage", load: () => import("./editor.jsx")},
  {path: "/reflex", name: "reflex", load: () => import("./reflex.jsx")},
  {path: "/devices", name: "devices", menu: "device", load: () => import("./devices.jsx")},
  {path: "/devices/:id", name: "device", load: () => import("./device.jsx")},
  {path: "/people", name: "people", menu: "users", needs: "administer", load: () => import("./people.jsx")},
);
