// Kinds of cleaning: least contact time, and what to do in which order. The server has the last word on both.
export const KINDS = {
  after_client: {minutes: 10, steps: ["drain", "scrub", "rinse", "refill", "disinfect", "rinse", "dry"]},
  end_of_day: {minutes: 10, steps: ["drain", "remove_parts", "scrub", "replace_parts", "rinse", "disinfect", "rinse", "dry"]},
  weekly: {minutes: 360, steps: ["drain", "remove_parts", "scrub", "replace_parts", "rinse", "soak", "flush"]},
  biweekly_soak: {minutes: 360, steps: ["drain", "remove_parts", "scrub", "replace_parts", "rinse", "soak", "flush"]},
  rinse: {minutes: 0, steps: ["drain", "rinse"]},
};

/** What is done before the disinfectant works, and what after. */
export function parts(kind, rinseDue) {
  const {steps} = KINDS[kind];
  const at = steps.findIndex((step) => step === "disinfect" || step === "soak");
  const before = rinseDue && kind !== "rinse" ? steps.slice(0, at + 1).map((step) => (step === "rinse" ? "additive" : step)) : at < 0 ? steps : steps.slice(0, at + 1);
  return [before, at < 0 ? [] : steps.slice(at + 1)];
}

const key = (id) => `pediluve-disinfect-${id}`;

/** {kind, minutes, startedAt} of a contact time that runs; kept on this tablet, so that a reload does not lose it. */
export function kept(id) {
  try {
    const found = JSON.parse(localStorage.getItem(key(id)));
    return found && found.kind in KINDS && Number.isFinite(found.startedAt) && found.minutes >= 0 ? found : null;
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
