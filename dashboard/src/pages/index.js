// Every page but the floor and the sign-in, in the order of the menu.
import {addPages} from "../routes.js";

addPages(
  {path: "/start", name: "by-hand", needs: "operate", load: () => import("./start.jsx")},
  {path: "/start/:device", name: "start", needs: "operate", load: () => import("./start.jsx")},
  {path: "/sessions/:id", name: "session", load: () => import("./session.jsx")},
  {path: "/disinfect/:device", name: "disinfect", needs: "operate", load: () => import("./disinfect.jsx")},
);
