// What the screening came to, in plain words: why, which limits, and what is still lacking.
import {celsius, percent} from "../../format.js";
import {said, t, word} from "../../texts/index.js";
import {Field} from "../../ui/field.jsx";
import {Icon} from "../../ui/icon.jsx";

const USUAL_C = 40; // what the server allows a guest of whom nothing is known

/** The limits as sentences; those that limit nothing are left out. */
export function limits(caps) {
  return [
    caps.intensity_max < 100 && t("start.limit_intensity", {value: percent(caps.intensity_max)}),
    caps.water_max_c < USUAL_C && t("start.limit_water", {value: celsius(caps.water_max_c, 0)}),
    caps.total_max_s > 0 && caps.total_max_s < 7200 && t("start.limit_time", {n: Math.floor(caps.total_max_s / 60)}),
    caps.barred.length > 0 && t("start.limit_without", {what: caps.barred.map((each) => word("trait", each)).join(", ")}),
  ].filter(Boolean);
}

const SIGN = {cleared: "check", limited: "hand", needs_clearance: "edit", refused: "cross"};

function Clearance({kind, given, today, onChange}) {
  return (
    <fieldset class="clearance">
      <legend>{word("clearance", kind)}</legend>
      <Field label={t(`start.clearance_by.${kind}`)} value={given?.by ?? ""} maxLength={60} autocomplete="off" onText={(by) => onChange({on: today, ...given, by})} />
      <Field label={t(`start.clearance_on.${kind}`)} type="date" max={today} value={given?.on ?? today} onText={(on) => onChange({...given, on})} />
    </fieldset>
  );
}

/** onChange(part of the state); onAgain(): judge again with what was added. */
export function Verdict({record, state, today, busy, onChange, onAgain}) {
  const lacks = record.needs.length > 0 || record.warnings.length > 0;
  // Refused for what this routine needs, and not for the guest's sake altogether.
  const conflict = record.reasons.some((each) => each.outcome === "refused" && !each.conflict.length) ? [] : [...new Set(record.reasons.flatMap((each) => each.conflict))];
  const told = record.warnings.every((each) => state.acknowledged.includes(each.rule));
  const given = record.needs.every((kind) => state.clearances[kind]?.by?.trim());
  return (
    <section class={`verdict verdict-${record.outcome}`} role="status">
      <h2><Icon name={SIGN[record.outcome]} /> {word("outcome", record.outcome)}</h2>
      {record.reasons.length > 0 && <ul>{record.reasons.map((each) => <li key={each.rule + each.of}>{said("why", each.words)}</li>)}</ul>}
      {record.outcome !== "refused" && limits(record.caps).map((line) => <p key={line} class="limit">{line}</p>)}
      {record.outcome === "refused" && <p>{conflict.length ? t("start.conflict", {what: conflict.map((each) => word("trait", each)).join(", ")}) : t("start.refused_what")}</p>}
      {record.outcome !== "refused" && record.needs.map((kind) => (
        <Clearance key={kind} kind={kind} given={state.clearances[kind]} today={today} onChange={(each) => onChange({clearances: {...state.clearances, [kind]: {on: today, ...each}}})} />
      ))}
      {record.outcome !== "refused" && record.warnings.map((each) => (
        <label key={each.rule} class="tick">
          <input type="checkbox" checked={state.acknowledged.includes(each.rule)}
            onChange={(e) => onChange({acknowledged: e.currentTarget.checked ? [...state.acknowledged, each.rule] : state.acknowledged.filter((rule) => rule !== each.rule)})} />
          <span>{said("why", each.words)} <b>{t("start.told")}</b></span>
        </label>
      ))}
      {record.outcome !== "refused" && lacks && <button class="primary" disabled={busy || !told || !given} onClick={onAgain}>{t("start.go_on")}</button>}
      {record.outcome !== "cleared" && record.notices.map((each) => <small key={each.id}>{said("notice", each.words)}</small>)}
    </section>
  );
}
