// Kinds of cleaning: least contact time, what to do in which order, what the record has to say. A server that knows the rules of the
// site's jurisdiction gives them; these are for one that does not. The server has the last word in any case.
const COMMON = {
  after_client: {minutes: 10, steps: ["drain", "scrub", "rinse", "refill", "disinfect", "rinse", "dry"]},
  end_of_day: {minutes: 10, steps: ["drain", "remove_parts", "scrub", "replace_parts", "rinse", "disinfect", "rinse", "dry"]},
  weekly: {minutes: 360, steps: ["drain", "remove_parts", "scrub", "replace_parts", "rinse", "soak", "flush"]},
  biweekly_soak: {minutes: 360, steps: ["drain", "remove_parts", "scrub", "replace_parts", "rinse", "soak", "flush"]},
};
const RINSE = {kind: "rinse", minutes: 0, steps: ["drain", "rinse"], needs: []};
const NEEDS = ["initials", "disinfectant"];

/** hygiene: the answer of GET /devices/{id}/hygiene, or null. A list of {kind, minutes, steps, needs, overdue, due_on}. */
export const kindsOf = (hygiene) => [
  ...(hygiene ? hygiene.kinds.map((each) => ({...each, minutes: each.contact_minutes, needs: [...new Set([...NEEDS, ...each.needs])]}))
    : Object.entries(COMMON).map(([kind, each]) => ({kind, needs: NEEDS, ...each}))), RINSE,
];

/** What is done before the disinfectant works, and what after. */
export function parts({kind, steps}, rinseDue) {
  const at = steps.findIndex((step) => step === "disinfect" || step === "soak");
  const before = at < 0 ? steps : steps.slice(0, at + 1);
  if (!rinseDue || kind === "rinse") return [before, at < 0 ? [] : steps.slice(at + 1)];
  const first = before.indexOf("drain") + 1;
  return [[...before.slice(0, first), "additive", ...before.slice(first)], steps.slice(at + 1)];
}

const key = (id) => `pediluve-disinfect-${id}`;

/** {kind, minutes, startedAt} of a contact time that runs; kept on this tablet, so that a reload does not lose it. */
export function kept(id) {
  try {
    const found = JSON.parse(localStorage.getItem(key(id)));
    return found && typeof found.kind === "string" && Number.isFinite(found.startedAt) && found.minutes >= 0 ? found : null;
  } catch {
    return null;
  }
}

export function keep(id, run) {
  if (run) localStorage.setItem(key(id), JSON.stringify(run));
  else localStorage.removeItem(key(id));
}

const FIELDS = "pediluve-disinfectant";

/** The product, its number and the initials that were last used on this tablet. */
export function lastUsed() {
  try {
    return {disinfectant: "", epa_number: "", initials: "", ...JSON.parse(localStorage.getItem(FIELDS))};
  } catch {
    return {disinfectant: "", epa_number: "", initials: ""};
  }
}

export const remember = (fields) => localStorage.setItem(FIELDS, JSON.stringify(fields));
