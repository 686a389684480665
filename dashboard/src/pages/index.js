// Every page, in the order of the menu. All of them are one file: together they compress to less than in pieces (by 4 kB when it was
// tried), and what stands open on a tablet finds each of its pages, whatever the server has become meanwhile. They are imported in an
// order in which they compress well.
import {addPages} from "../routes.js";
import Alarms from "./alarms.jsx";
import Editor from "./editor.jsx";
import Reflex from "./reflex.jsx";
import Session from "./session.jsx";
import Device from "./device.jsx";
import Log from "./hygiene.jsx";
import Devices from "./devices.jsx";
import Course from "./course.jsx";
import Routines from "./routines.jsx";
import Courses from "./courses.jsx";
import Disinfect from "./disinfect.jsx";
import People from "./people.jsx";
import Floor from "./floor.jsx";
import CourseNew from "./course-new.jsx";
import Start from "./start.jsx";
import Routine from "./routine.jsx";
import SignIn from "./sign-in.jsx";

addPages(
  {path: "/", name: "floor", menu: "floor", View: Floor},
  {path: "/sign-in", name: "sign-in", open: true, View: SignIn},
  {path: "/start", name: "by-hand", needs: "operate", View: Start},
  {path: "/start/:device", name: "start", needs: "operate", View: Start},
  {path: "/sessions/:id", name: "session", View: Session},
  {path: "/disinfect/:device", name: "disinfect", needs: "operate", View: Disinfect},
  {path: "/alarms", name: "alarms", menu: "alarm", View: Alarms},
  {path: "/log", name: "log", menu: "clean", View: Log},
  {path: "/courses", name: "courses", menu: "course", View: Courses},
  {path: "/courses/new", name: "course-new", needs: "operate", View: CourseNew},
  {path: "/courses/:id", name: "course", View: Course},
  {path: "/routines", name: "routines", menu: "routine", View: Routines},
  {path: "/routines/:slug", name: "routine", View: Routine},
  {path: "/routines/:slug/edit", name: "editor", needs: "manage", View: Editor},
  {path: "/reflex", name: "reflex", View: Reflex},
  {path: "/devices", name: "devices", menu: "device", View: Devices},
  {path: "/devices/:id", name: "device", View: Device},
  {path: "/people", name: "people", menu: "users", needs: "administer", View: People},
);
