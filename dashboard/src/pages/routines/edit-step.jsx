// One step of a draft: closed it is a line, open it is all that can be set.
import {useSignal} from "@preact/signals";
import {clock} from "../../format.js";
import {said, t, word} from "../../texts/index.js";
import {Body, PART_OF} from "../../ui/body.jsx";
import {Check, Chips, Select} from "../../ui/choose.jsx";
import {Field, numberOf} from "../../ui/field.jsx";
import {Icon} from "../../ui/icon.jsx";
import {BOUNDS, MOST_ZONES, withValue} from "./draft.js";
import {factsOf, secondsOf, techniqueName, zonesOf} from "./words.js";

const GROUPS = ["massage", "movement", "warmth", "care"];
const ALL_ZONES = ["back", "leg", "arm", ...Object.keys(PART_OF)];
const VIEWS = {feet: ["sole", "top"], legs: ["leg-front", "leg-back"], back: ["back"], hands: ["palm", "hand-back"]};

function Number_({name, step, set, error, hint, ...more}) {
  const [min, max] = BOUNDS[name];
  return <Field label={word("field", name)} hint={hint} error={error} type="number" inputMode="decimal" min={min} max={max} step={name === "water_c" ? 0.5 : 1}
    value={step[name] ?? ""} onText={(text) => set(name, numberOf(text))} {...more} />;
}

const Choose = ({name, step, set, error, ...choice}) => (
  <Field label={word("field", name)} error={error}>{(own) => <Select {...own} {...choice} value={step[name] ?? ""} onPick={(value) => set(name, value || undefined)} />}</Field>
);

const Flag = ({name, step, set}) => (
  <Check checked={!!step[name]} onCheck={(yes) => set(name, yes || undefined)}>{word("field", name)}</Check>
);

function Zones({step, technique, set, error}) {
  const view = useSignal(Object.keys(VIEWS).find((each) => each === "legs" && step.zones?.some((zone) => /leg|calf|shin|thigh|knee|hip/.test(zone))) ?? "feet");
  const chosen = step.zones ?? [];
  const toggle = (zone) => set("zones", chosen.includes(zone) ? chosen.filter((each) => each !== zone) : [...chosen, zone].slice(0, MOST_ZONES));
  return (
    <fieldset class="zones">
      <legend>{t("field.zones")}</legend>
      <div class="chosen">
        {chosen.map((zone) => <button type="button" key={zone} class="chip" aria-pressed="true" aria-label={t("editor.without", {what: word("zone", zone)})} onClick={() => toggle(zone)}>{word("zone", zone)} <Icon name="cross" /></button>)}
        {chosen.length === 0 && <small>{t("editor.own_zones", {zones: (technique?.zones ?? []).map((each) => word("zone", each)).join(", ")})}</small>}
        {chosen.length < MOST_ZONES && (
          <select aria-label={t("editor.add_zone")} value="" onChange={(e) => { if (e.currentTarget.value) toggle(e.currentTarget.value); e.currentTarget.value = ""; }}>
            <option value="">{t("editor.add_zone")}</option>
            {ALL_ZONES.filter((zone) => !chosen.includes(zone)).map((zone) => <option key={zone} value={zone}>{word("zone", zone)}</option>)}
          </select>
        )}
      </div>
      <Chips label={t("editor.picture")} is={view} of={Object.keys(VIEWS)} say={(each) => t(`editor.view_${each}`)} />
      <Body views={VIEWS[view.value]} zones={chosen.length ? chosen : technique?.zones ?? []} side={step.side} onPick={toggle} />
      {error && <small class="error">{error}</small>}
    </fieldset>
  );
}

function Time({step, set, put, technique, techniques, errors}) {
  const counted = "repetitions" in step;
  const count = (yes) => {
    const {duration_s, repetitions, repetition_s, per_zone, ...rest} = step;
    put(yes ? {...rest, repetitions: Math.max(1, Math.min(100, Math.round((duration_s ?? 30) / (technique?.repetition_s || 5))))}
      : {...rest, duration_s: Math.min(3600, secondsOf({repetitions, repetition_s, per_zone, zones: step.zones, technique: step.technique}, techniques) || 60)});
  };
  return (
    <fieldset>
      <legend>{t("editor.how_long")}</legend>
      <div class="chips" role="group">
        <button type="button" class="chip" aria-pressed={!counted} onClick={() => counted && count(false)}>{t("editor.by_time")}</button>
        <button type="button" class="chip" aria-pressed={counted} onClick={() => !counted && count(true)}>{t("editor.by_count")}</button>
      </div>
      <div class="row">
        {counted ? <>
          <Number_ name="repetitions" step={step} set={(name, value) => put({...step, repetitions: value})} error={errors.repetitions} />
          <Number_ name="repetition_s" step={step} set={set} error={errors.repetition_s} placeholder={technique?.repetition_s} />
        </> : <Number_ name="duration_s" step={step} set={set} error={errors.duration_s} hint={step.duration_s ? clock(step.duration_s * 1000) : undefined} />}
      </div>
      {counted && <Flag name="per_zone" step={step} set={set} />}
      <Flag name="per_side" step={step} set={set} />
    </fieldset>
  );
}

function Strength({step, set, errors}) {
  const ramps = step.intensity_end !== undefined;
  return (
    <fieldset>
      <legend>{t("editor.strength")}</legend>
      <div class="row">
        <Number_ name="intensity" step={step} set={set} error={errors.intensity} />
        {ramps && <Number_ name="intensity_end" step={step} set={set} error={errors.intensity_end} />}
      </div>
      <input type="range" class="seek" min={0} max={100} step={5} value={step.intensity ?? 0} aria-label={t("field.intensity")} onInput={(e) => set("intensity", Number(e.currentTarget.value))} />
      <Check checked={ramps} onCheck={(yes) => set("intensity_end", yes ? Math.max(1, step.intensity ?? 30) : undefined)}>{t("editor.ramp")}</Check>
    </fieldset>
  );
}

function Form({step, put, technique, techniques, errors}) {
  const set = (name, value) => put(withValue(step, name, value));
  const additives = ["salt", "honey", "clay"];
  return (
    <div class="step-form">
      <div>
        <Field label={t("field.technique")} hint={said("technique_words", technique?.words)} error={errors.technique}>{(attributes) => (
          <select {...attributes} value={step.technique} onChange={(e) => set("technique", e.currentTarget.value)}>
            {GROUPS.map((group) => <optgroup key={group} label={word("group", group)}>
              {[...techniques.values()].filter((each) => each.group === group).map((each) => <option key={each.id} value={each.id}>{techniqueName(each.id, techniques)}</option>)}
            </optgroup>)}
          </select>
        )}</Field>
        <Time step={step} set={set} put={put} technique={technique} techniques={techniques} errors={errors} />
        <Strength step={step} set={set} errors={errors} />
        <div class="row">
          <Choose name="side" step={step} set={set} error={errors.side} of={["left", "right"]} say={(each) => word("body", each)} none={t("body.both")} />
          <Choose name="direction" step={step} set={set} error={errors.direction} of={["proximal", "distal", "both"]} say={(each) => word("direction", each)} none={t("editor.as_technique")} />
        </div>
      </div>
      <div>
        <Zones step={step} technique={technique} set={set} error={errors.zones} />
        <div class="row">
          <Choose name="mode" step={step} set={set} error={errors.mode} of={["device", "guided"]} say={(each) => word("hands", each)} none={t("editor.mode_auto")} />
          {step.mode !== "device" && <Choose name="ends" step={step} set={set} error={errors.ends} of={["timer"]} say={(each) => word("ends", each)} none={t("ends.confirm")} />}
          <Number_ name="water_c" step={step} set={set} error={errors.water_c} placeholder="–" />
        </div>
        <div class="row" role="group" aria-label={t("field.additives")}>
          {additives.map((each) => (
            <Check key={each} checked={step.additives?.includes(each) ?? false}
              onCheck={(yes) => set("additives", additives.filter((other) => (other === each ? yes : step.additives?.includes(other))))}>{word("additive", each)}</Check>
          ))}
        </div>
        {errors.additives && <small class="error">{errors.additives}</small>}
        <Field label={t("field.instruction")} error={errors.instruction}>{(attributes) => (
          <textarea {...attributes} maxLength={280} value={step.instruction ?? ""} onInput={(e) => set("instruction", e.currentTarget.value)} />
        )}</Field>
      </div>
    </div>
  );
}

/** errors: {property: words}; acts: {put, move(by), remove, copy, toggle, grab}. */
export function EditStep({number, last, item, techniques, errors = {}, open, dragged, acts}) {
  const {key, step} = item;
  const technique = techniques.get(step.technique);
  const name = techniqueName(step.technique, techniques);
  const bad = Object.values(errors);
  const keys = (e) => {
    const by = {ArrowUp: -1, ArrowDown: 1}[e.key];
    if (by) { e.preventDefault(); acts.move(by); }
  };
  const title = t("editor.step_name", {number, name});
  return (
    <li class={`edit-step${bad.length ? " step-bad" : ""}${dragged ? " step-dragged" : ""}`} data-key={key}>
      <div class="step-line">
        <button type="button" class="plain handle" id={`handle-${key}`} aria-label={t("editor.drag", {step: title})} title={t("editor.drag_hint")} onPointerDown={acts.grab} onKeyDown={keys}><Icon name="drag" /></button>
        <button type="button" class="step-open" aria-expanded={open} onClick={acts.toggle}>
          <i class="number">{number}</i>
          <span><b>{name}</b> <small>{zonesOf(step, techniques).map((each) => word("zone", each)).join(", ")}</small>
            <span class="facts">{factsOf(step, techniques).map((each) => <span key={each}>{each}</span>)}</span></span>
        </button>
        <span class="step-acts">
          <button type="button" class="plain" disabled={number === 1} aria-label={t("editor.up", {step: title})} onClick={() => acts.move(-1)}><Icon name="up" /></button>
          <button type="button" class="plain" disabled={last} aria-label={t("editor.down", {step: title})} onClick={() => acts.move(1)}><Icon name="down" /></button>
          <button type="button" class="plain" aria-label={t("editor.copy", {step: title})} onClick={acts.copy}><Icon name="plus" /></button>
          <button type="button" class="plain" aria-label={t("editor.remove", {step: title})} onClick={acts.remove}><Icon name="cross" /></button>
        </span>
      </div>
      {bad.length > 0 && <ul class="error" role="alert">{Object.entries(errors).map(([field, words]) => <li key={field}>{field ? `${word("field", field)}: ` : ""}{words}</li>)}</ul>}
      {open && <Form step={step} put={acts.put} technique={technique} techniques={techniques} errors={errors} />}
    </li>
  );
}
