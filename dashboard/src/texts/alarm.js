// What an alarm says beyond its kind and fault.
import {date} from "../format.js";
import {t, word} from "./index.js";
import {told} from "./told.js";

export function alarmDetail({kind, fault, detail}) {
  if (kind === "device_fault") return ""; // the fault says it
  if (kind === "command_unknown") return word("command", detail?.split(": ")[1]);
  const [day] = detail?.match(/\d{4}-\d\d-\d\d/) ?? [];
  return kind === "cleaning_overdue" && day ? t("log.was_due", {kind: word("cleaning", fault), on: date(`${day}T12:00:00Z`, "UTC")}) : told("detail", detail);
}
