// The pages that one sits down for: loaded together, see day.js.
import "../app.jsx";
export {default as log} from "./hygiene.jsx";
export {default as courses} from "./courses.jsx";
export {default as courseNew} from "./course-new.jsx";
export {default as course} from "./course.jsx";
export {default as routines} from "./routines.jsx";
export {default as routine} from "./routine.jsx";
export {default as editor} from "./editor.jsx";
export {default as reflex} from "./reflex.jsx";
export {default as people} from "./people.jsx";
