// Kinds of cleaning: least contact time, what to do in which order, what the record has to say. The server knows the rules of the
// site's jurisdiction, and has the last word; a rinse is of no jurisdiction.
const RINSE = {kind: "rinse", minutes: 0, steps: ["drain", "rinse"], needs: []};
const NEEDS = ["initials", "disinfectant"];

/** hygiene: the answer of GET /devices/{id}/hygiene. A list of {kind, minutes, steps, needs, overdue, due_on}. */
export const kindsOf = (hygiene) => [...hygiene.kinds.map((each) => ({...each, minutes: each.contact_minutes, needs: [...new Set([...NEEDS, ...each.needs])]})), RINSE];

/** What is done before the disinfectant works, and what after. */
export function parts({kind, steps}, rinseDue) {
  const at = steps.findIndex((step) => step === "disinfect" || step === "soak");
  const before = at < 0 ? steps : steps.slice(0, at + 1);
  if (!rinseDue || kind === "rinse") return [before, at < 0 ? [] : steps.slice(at + 1)];
  const first = before.indexOf("drain") + 1;
  return [[...before.slice(0, first), "additive", ...before.slice(first)], steps.slice(at + 1)];
}

const key = (id) => `pediluve-disinfect-${id}`;

/** The minutes of the label, where they are more than the rules ask for, of the contact time that began then; kept on this tablet. */
export function kept(id, startedAt) {
  const [began, minutes] = (localStorage.getItem(key(id)) ?? "").split(" ").map(Number);
  return began === startedAt && minutes > 0 ? minutes : 0;
}

export function keep(id, startedAt, minutes) {
  if (startedAt) localStorage.setItem(key(id), `${startedAt} ${minutes}`);
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
