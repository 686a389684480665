// One course: how far it is, its appointments, and what changes them.
import {useSignal} from "@preact/signals";
import {useEffect} from "preact/hooks";
import {post, request} from "../data/api.js";
import {device, onEvent} from "../data/live.js";
import {routineName} from "../data/routines.js";
import {clock} from "../format.js";
import {may} from "../routes.js";
import {said, t, word} from "../texts/index.js";
import {Dialog} from "../ui/dialog.jsx";
import {Field} from "../ui/field.jsx";
import {Icon} from "../ui/icon.jsx";
import {useLoad, Waiting} from "../ui/load.jsx";
import {complain, explain, say} from "../ui/toast.jsx";
import {Begin, dayAndTime, dayAt, Progress, State} from "./courses/parts.jsx";

/** One question with its fields; send(form) does it. */
function Ask({title, words, act, bad, send, onClose, onDone, children}) {
  const busy = useSignal(false), failed = useSignal(null);
  const submit = async (e) => {
    e.preventDefault();
    busy.value = true;
    failed.value = null;
    try {
      await send(new FormData(e.currentTarget));
      onDone();
      onClose();
    } catch (problem) {
      failed.value = problem;
      busy.value = false;
    }
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form onSubmit={submit}>
        {words && <p>{words}</p>}
        {children?.(failed.value)}
        {failed.value && <p class="error" role="alert">{failed.value.status === 412 ? t("courses.changed") : explain(failed.value)}</p>}
        <div class="acts"><button type="button" onClick={onClose}>{t("cancel")}</button><button class={bad ? "stop" : "primary"} disabled={busy.value}>{act}</button></div>
      </form>
    </Dialog>
  );
}

function Calendar({course, onDone}) {
  const link = useSignal(null), busy = useSignal(false);
  const make = async () => {
    busy.value = true;
    try {
      const {url} = await post(`/courses/${course.id}/calendar-link`);
      link.value = new URL(url, location.href).href;
      onDone();
    } catch (problem) {
      complain(problem);
    }
    busy.value = false;
  };
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

function Asked({asked, course, etag, onClose, onDone}) {
  const {what, session} = asked;
  const path = `/courses/${course.id}`;
  const patch = (body) => request("PATCH", path, {body, etag});
  const common = {onClose, onDone};
  const reason = (failed) => <Field label={t("courses.reason")} name="reason" maxLength={200} error={failed?.at?.("/reason")} />;
  if (what === "move") {
    return <Ask {...common} title={t("courses.move_name", {number: session.number})} words={t("courses.move_words")} act={t("courses.do_move")}
      send={(form) => patch({move: {number: session.number, date: form.get("date")}})}>
      {(failed) => <Field label={t("courses.day")} name="date" type="date" required min={dayAt(course.timezone)} value={session.date} error={failed?.at?.("/move/date")} />}</Ask>;
  }
  if (what === "miss") {
    return <Ask {...common} title={t("courses.miss_name", {number: session.number})} words={t("courses.miss_words")} act={t("courses.do_miss")}
      send={(form) => post(`${path}/sessions/${session.number}/miss`, {reason: form.get("reason") || null})}>{reason}</Ask>;
  }
  if (what === "skip") {
    return <Ask {...common} title={t("courses.skip_name", {number: session.number})} words={t("courses.skip_words")} act={t("courses.do_skip")}
      send={(form) => post(`${path}/sessions/${session.number}/skip`, {reason: form.get("reason") || null, override: form.has("override")})}>
      {(failed) => <>{reason(failed)}<label class="check"><input type="checkbox" name="override" /> {t("courses.override_short")}</label></>}</Ask>;
  }
  if (what === "time") {
    return <Ask {...common} title={t("courses.time")} words={t("courses.time_words")} act={t("save")} send={(form) => patch({time_of_day: form.get("time")})}>
      {(failed) => <Field label={t("courses.time_of_day")} name="time" type="time" required value={course.time_of_day} error={failed?.at?.("/time_of_day")} />}</Ask>;
  }
  return <Ask {...common} bad={what === "ended"} title={t(`courses.to_${what}`)} words={t(`courses.to_${what}_words`)} act={t(`courses.to_${what}`)} send={() => patch({state: what})} />;
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
        <a class="button plain" href="#/courses" aria-label={t("back")}><Icon name="back" /></a>
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
