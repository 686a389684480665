// Lays a course: every date is shown before anything is written, and changes with what is typed.
import {useComputed, useSignal} from "@preact/signals";
import {useEffect, useRef} from "preact/hooks";
import {all, post} from "../data/api.js";
import {catalogue} from "../data/catalogue.js";
import {deviceList, sites} from "../data/live.js";
import {routineName} from "../data/routines.js";
import {clock, dayAt} from "../format.js";
import {go} from "../routes.js";
import {named, said, t} from "../texts/index.js";
import {Back} from "../ui/back.jsx";
import {Check, Select} from "../ui/choose.jsx";
import {Field, numberOf} from "../ui/field.jsx";
import {useLoad, Waiting} from "../ui/load.jsx";
import {Failed, useTask} from "../ui/task.jsx";
import {say} from "../ui/toast.jsx";
import {dayAndTime} from "./courses/parts.jsx";

const NUMBERS = ["count", "interval_days", "rounds", "break_days", "intensity_from", "intensity_to"];
const SOON_MS = 400;
const WIDE = {count: [1, 200], interval_days: [1, 60], rounds: [1, 12], break_days: [0, 180], intensity_from: [1, 100], intensity_to: [1, 100]};

/** Asks for the dates a moment after the last change; an answer to an older question is dropped. */
function usePlan(body) {
  const plan = useSignal({}), turn = useRef(0), asked = JSON.stringify(body);
  useEffect(() => {
    const mine = ++turn.current;
    plan.value = {...plan.value, stale: true};
    if (!body) return undefined;
    const soon = setTimeout(async () => {
      try {
        const data = await post("/courses/plan", body);
        if (mine === turn.current) plan.value = {data};
      } catch (error) {
        if (mine === turn.current) plan.value = {error};
      }
    }, SOON_MS);
    return () => clearTimeout(soon);
  }, [asked]);
  return plan;
}

const Dates = ({plan, stale}) => (
  <section class={`card${stale ? " stale" : ""}`} aria-busy={stale}>
    <h2>{t("courses.dates", {n: plan.sessions.length})}</h2>
    <p><small>{said("template", plan.name)} · {routineName(plan.routine)} · {clock(plan.duration_s * 1000)} · {plan.timezone}</small></p>
    <ol class="dates">{plan.sessions.map((each) => (
      <li key={each.number} class={each.number > 1 && plan.sessions[each.number - 2]?.round !== each.round ? "new-round" : ""}><b>{dayAndTime(each.starts_at, plan.timezone)}</b> <small>{each.intensity} %</small></li>
    ))}</ol>
  </section>
);

function Form({templates, routines, site, onSite}) {
  const form = useSignal({guest: "", template: "custom", routine: "", start_on: dayAt(site.timezone), time_of_day: "10:00", device_id: "", override: false, reason: ""});
  const {busy, problem: failed, run} = useTask();
  const values = form.value, template = templates.get(values.template);
  const set = (change) => { form.value = {...form.value, ...change}; };
  const beyond = NUMBERS.filter((name) => values[name] !== undefined && (values[name] < template[name].min || values[name] > template[name].max));
  const ready = values.guest.trim() && values.start_on && values.time_of_day && (template.routine || values.routine) && (!values.override || values.reason.trim());
  const body = ready && {
    site_id: site.id, guest: values.guest.trim(), template: values.template, start_on: values.start_on, time_of_day: values.time_of_day,
    ...(values.routine && {routine: values.routine}), ...(values.device_id && {device_id: values.device_id}),
    ...Object.fromEntries(NUMBERS.filter((name) => values[name] !== undefined).map((name) => [name, values[name]])),
    ...(values.override && {override: true, reason: values.reason.trim()}),
  };
  const plan = usePlan(body);
  const units = useComputed(() => deviceList().map((each) => each.value).filter((d) => d.site_id === site.id && d.service !== "retired"));
  const {data, error, stale} = plan.value;
  const at = (name) => error?.at?.(`/${name}`) || failed.value?.at?.(`/${name}`) || "";
  const wrong = failed.value ?? error;
  const choose = (id) => set({template: id, routine: "", ...Object.fromEntries(NUMBERS.map((name) => [name, undefined]))});
  const save = (e) => {
    e.preventDefault();
    run(async () => {
      const course = await post("/courses", body);
      say(t("courses.made", {guest: course.guest}));
      go(`/courses/${course.id}`);
    });
  };
  const number = (name) => {
    const [min, max] = values.override ? WIDE[name] : [template[name].min, template[name].max];
    return <Field key={name} label={t(`course_field.${name}`)} hint={min === max ? undefined : t("courses.bounds", {min, max})} error={at(name)} type="number" inputMode="numeric" min={WIDE[name][0]} max={WIDE[name][1]}
      value={values[name] ?? template[name].default} disabled={min === max} onText={(text) => set({[name]: numberOf(text)})} />;
  };
  const nameOf = (slug) => said("routine_name", routines.find((each) => each.slug === slug)?.name) ?? routineName(slug);
  const rounds = values.rounds ?? template.rounds.default;
  return (
    <form class="course-form" onSubmit={save}>
      <div class="card">
        {sites.value.length > 1 && <Field label={t("field.site")}>{(own) => <Select {...own} value={site.id} onPick={onSite} of={sites.value} />}</Field>}
        <Field label={t("courses.guest")} hint={t("courses.guest_hint")} required maxLength={60} autocomplete="off" value={values.guest} error={at("guest")} onText={(guest) => set({guest})} />
        <fieldset><legend>{t("courses.template")}</legend>
          <div class="templates">{[...templates.values()].map((each) => (
            <button type="button" key={each.id} class="step" aria-pressed={values.template === each.id} onClick={() => choose(each.id)}><span><b>{named("template", each.id, each.name)}</b><small>{said("template_words", each.words)}</small></span></button>
          ))}</div>
        </fieldset>
        <Field label={t("courses.routine")} error={at("routine")}>{(own) => (
          <Select {...own} required={!template.routine} value={values.routine} onPick={(slug) => set({routine: slug})} none={template.routine ? nameOf(template.routine) : t("courses.choose_routine")}
            of={routines.map((each) => each.slug).filter((slug) => slug !== template.routine)} say={nameOf} />
        )}</Field>
        <div class="row">
          <Field label={t("courses.start_on")} type="date" required min={dayAt(site.timezone)} value={values.start_on} error={at("start_on")} onText={(start_on) => set({start_on})} />
          <Field label={t("courses.time_of_day")} type="time" required value={values.time_of_day} error={at("time_of_day")} onText={(time_of_day) => set({time_of_day})} />
        </div>
        <div class="row">{number("count")}{number("interval_days")}</div>
        {(template.rounds.max > 1 || values.override) && <div class="row">{number("rounds")}{rounds > 1 && number("break_days")}</div>}
        <div class="row">{number("intensity_from")}{number("intensity_to")}</div>
        <Field label={t("courses.unit")} error={at("device_id")}>{(own) => <Select {...own} value={values.device_id} onPick={(id) => set({device_id: id})} none={t("courses.any_unit")} of={units.value} />}</Field>
        {(beyond.length > 0 || values.override) && (
          <div class="notice-box">
            <Check checked={values.override} onCheck={(override) => set({override})}>{t("courses.override")}</Check>
            {values.override && <Field label={t("courses.reason")} required maxLength={200} value={values.reason} error={at("reason")} onText={(reason) => set({reason})} />}
          </div>
        )}
        <Failed of={wrong}>{wrong?.errors?.length && wrong.errors.every((each) => at(each.pointer.slice(1))) ? t("courses.see_fields") : undefined}</Failed>
        <div class="acts"><a class="button" href="#/courses">{t("cancel")}</a><button class="primary" disabled={busy.value || !body || stale || !!error}>{t("courses.make")}</button></div>
      </div>
      {data && body ? <Dates plan={data} stale={stale} /> : <section class="card"><h2>{t("courses.dates_title")}</h2><p>{t("courses.dates_later")}</p></section>}
    </form>
  );
}

/* Those of the site and those of all sites. */
const offeredAt = async (siteId) => (await all("/routines")).filter((each) => !each.site_id || each.site_id === siteId);

export default function NewCourse() {
  const chosen = useSignal("");
  const site = sites.value.find((each) => each.id === chosen.value) ?? sites.value[0];
  const {data, error, again} = useLoad(async () => site && Promise.all([catalogue("course-templates"), offeredAt(site.id)]), [site?.id]);
  if (!data || !site) return <Waiting error={error} again={again} />;
  return (
    <div class="courses">
      <div class="heading"><Back to="#/courses" /><h1>{t("courses.new")}</h1></div>
      <Form key={site.id} templates={data[0]} routines={data[1]} site={site} onSite={(id) => { chosen.value = id; }} />
    </div>
  );
}
