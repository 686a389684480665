// One course: how far it is, its appointments, and what changes them.
import {useSignal} from "@preact/signals";
import {useEffect} from "preact/hooks";
import {post, request} from "../data/api.js";
import {device, onEvent} from "../data/live.js";
import {routineName} from "../data/routines.js";
import {clock, dayAt} from "../format.js";
import {may} from "../routes.js";
import {said, t, word} from "../texts/index.js";
import {Back} from "../ui/back.jsx";
import {Check} from "../ui/choose.jsx";
import {Field} from "../ui/field.jsx";
import {FormDialog} from "../ui/form.jsx";
import {Icon} from "../ui/icon.jsx";
import {useLoad, Waiting} from "../ui/load.jsx";
import {useAct} from "../ui/task.jsx";
import {complain, explain, say} from "../ui/toast.jsx";
import {Begin, dayAndTime, Progress, State} from "./courses/parts.jsx";

function Calendar({course, onDone}) {
  const link = useSignal(null), {busy, run} = useAct();
  const make = () => run(async () => {
    const {url} = await post(`/courses/${course.id}/calendar-link`);
    link.value = new URL(url, location.href).href;
    onDone();
  });
  const copy = () => navigator.clipboard?.writeText(link.value).then(() => say(t("courses.copied")), complain);
  return (
    <section class="card">
      <h2>{t("courses.calendar")}</h2>
      <p><small>{t("courses.calendar_words")}</small></p>
      <div class="acts">
        <a class="button" href={`/api/v1/courses/${course.id}/calendar.ics`} download={`${course.guest}.ics`}><Icon name="download" /> {t("courses.calendar_file")}</a>
        {may("operate") && <button disabled={busy.value} onClick={make}>{t(course.calendar_link ? "courses.calendar_again" : "courses.calendar_link")}</button>}
      </div>
      {link.value && <div class="link-box"><label>{t("courses.link_once")}<input readOnly value={link.value} onFocus={(e) => e.currentTarget.select()} /></label>{navigator.clipboard && <button onClick={copy}>{t("courses.copy")}</button>}</div>}
    </section>
  );
}

function Sessions({course, onAsk}) {
  const open = course.state === "active" && may("operate");
  return (
    <section class="card"><h2>{t("courses.sessions")}</h2>
      <ol class="appointments">{course.sessions.map((each) => (
        <li key={each.number} class={`appointment appointment-${each.state}`}>
          <i class="number">{each.number}</i>
          <span><b>{dayAndTime(each.starts_at, course.timezone)}</b>
            <small>{[each.live ? t("courses.live") : word("appointment", each.state), `${each.intensity} %`, course.rounds > 1 && t("courses.round", {number: each.round}), each.moved && t("courses.was_moved")].filter(Boolean).join(" · ")}</small></span>
          <span class="appointment-acts">
            {each.session_id && <a class="button" href={`#/sessions/${each.session_id}`}>{t("floor.open")}</a>}
            {open && each.state === "planned" && !each.live && ["move", "miss", "skip"].map((what) => (
              <button key={what} aria-label={`${t(`courses.do_${what}`)}, ${t("courses.appointment", {number: each.number})}`} onClick={() => onAsk({what, session: each})}>{t(`courses.do_${what}`)}</button>
            ))}
          </span>
        </li>
      ))}</ol>
    </section>
  );
}

const tell = (problem) => (problem.status === 412 ? t("courses.changed") : explain(problem));

function Asked({asked, course, etag, onClose, onDone}) {
  const {what, session} = asked, path = `/courses/${course.id}`;
  const patch = (body) => request("PATCH", path, {body, etag});
  const mark = (form) => post(`${path}/sessions/${session.number}/${what}`, {reason: form.get("reason") || null, ...(what === "skip" && {override: form.has("override")})});
  const reason = (at) => <Field label={t("courses.reason")} name="reason" maxLength={200} error={at("/reason")} />;
  const [title, act, words, send, fields] = {
    move: () => [t("courses.move_name", {number: session.number}), t("courses.do_move"), t("courses.move_words"), (form) => patch({move: {number: session.number, date: form.get("date")}}),
      (at) => <Field label={t("courses.day")} name="date" type="date" required min={dayAt(course.timezone)} defaultValue={session.date} error={at("/move/date")} />],
    miss: () => [t("courses.miss_name", {number: session.number}), t("courses.do_miss"), t("courses.miss_words"), mark, reason],
    skip: () => [t("courses.skip_name", {number: session.number}), t("courses.do_skip"), t("courses.skip_words"), mark,
      (at) => <>{reason(at)}<Check name="override">{t("courses.override_short")}</Check></>],
    time: () => [t("courses.time"), t("save"), t("courses.time_words"), (form) => patch({time_of_day: form.get("time")}),
      (at) => <Field label={t("courses.time_of_day")} name="time" type="time" required defaultValue={course.time_of_day} error={at("/time_of_day")} />],
  }[what]?.() ?? [t(`courses.to_${what}`), t(`courses.to_${what}`), t(`courses.to_${what}_words`), () => patch({state: what})];
  return (
    <FormDialog title={title} act={act} danger={what === "ended"} tell={tell} onClose={onClose} send={async (form) => { await send(form); onDone(); }}>
      {(at) => <><p>{words}</p>{fields?.(at)}</>}
    </FormDialog>
  );
}

export default function Course({id}) {
  const {data, error, again} = useLoad(() => request("GET", `/courses/${id}`), [id]);
  const asked = useSignal(null);
  useEffect(() => onEvent((type, event) => { if ((type === "course" && event.course_id === id) || type === "resync") again(); }), [id]);
  if (!data) return <Waiting error={error} again={again} />;
  const course = data.data, {progress} = course;
  const ask = (what) => () => { asked.value = {what}; };
  const open = ["active", "paused"].includes(course.state) && may("operate");
  return (
    <div class="courses">
      <div class="heading">
        <Back to="#/courses" />
        <h1>{course.guest} <State state={course.state} /></h1>
        {open && <button onClick={ask("time")}>{t("courses.time")}</button>}
        {open && course.state === "active" && <button onClick={ask("paused")}>{t("courses.to_paused")}</button>}
        {open && course.state === "paused" && <button class="primary" onClick={ask("active")}>{t("courses.to_active")}</button>}
        {open && <button onClick={ask("ended")}>{t("courses.to_ended")}</button>}
        <Begin course={course} />
      </div>
      <div class="two">
        <section class="card">
          <p class="facts"><span>{said("template", course.name)}</span><span>{clock(course.duration_s * 1000)}</span><span>{course.intensity_from === course.intensity_to ? `${course.intensity_from} %` : t("routine.ramp", {from: course.intensity_from, to: course.intensity_to})}</span>
            <span>{course.device_id ? device(course.device_id)?.value.name ?? t("courses.unit") : t("courses.any_unit")}</span></p>
          <p><a class="tap" href={`#/routines/${course.routine}`}>{routineName(course.routine)}</a></p>
          <Progress progress={progress} />
          {progress.next && <p class="next"><Icon name="course" /> {t("courses.next")}: <b>{dayAndTime(progress.next.starts_at, course.timezone)}</b></p>}
          {course.override_reason && <p><small>{t("courses.overridden", {reason: course.override_reason})}</small></p>}
        </section>
        <Calendar course={course} onDone={again} />
      </div>
      <Sessions course={course} onAsk={(what) => { asked.value = what; }} />
      {asked.value && <Asked asked={asked.value} course={course} etag={data.etag} onClose={() => { asked.value = null; }} onDone={again} />}
    </div>
  );
}
