// The pages that staff need from guest to guest: loaded together, for they share most of what they are made of.
// The frame is there already; named here too, all of it is one file.
import "../app.jsx";
export {default as start} from "./start.jsx";
export {default as session} from "./session.jsx";
export {default as disinfect} from "./disinfect.jsx";
export {default as alarms} from "./alarms.jsx";
export {default as devices} from "./devices.jsx";
export {default as device} from "./device.jsx";
