// Every page but the floor and the sign-in, in the order of the menu.
import {addPages} from "../routes.js";

addPages(
  {path: "/alarms", name: "alarms", menu: "alarm", load: () => import("./alarms.jsx")},
  {path: "/log", name: "log", menu: "clean", load: () => import("./hygiene.jsx")},
  {path: "/devices", name: "devices", menu: "device", load: () => import("./devices.jsx")},
  {path: "/devices/:id", name: "devices", load: () => import("./device.jsx")},
  {path: "/people", name: "people", menu: "users", needs: "administer", load: () => import("./people.jsx")},
);
