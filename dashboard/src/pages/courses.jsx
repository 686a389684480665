// All courses: who is due today first.
import {signal} from "@preact/signals";
import {useEffect} from "preact/hooks";
import {all} from "../data/api.js";
import {onEvent} from "../data/live.js";
import {routineName} from "../data/routines.js";
import {finder} from "../format.js";
import {may} from "../routes.js";
import {said, t, word} from "../texts/index.js";
import {Chips, Search, SiteSelect} from "../ui/choose.jsx";
import {Icon} from "../ui/icon.jsx";
import {useLoad, Waiting} from "../ui/load.jsx";
import {Failed} from "../ui/task.jsx";
import {explain} from "../ui/toast.jsx";
import {Begin, dayAndTime, isDue, Progress, State} from "./courses/parts.jsx";

const MOST = 2000, STATES = ["active", "paused", "completed", "ended"];
const state = signal("active"), site = signal(""), find = signal("");

const when = (course) => course.progress.next?.starts_at ?? "~";

function Card({course}) {
  const {progress} = course;
  return (
    <article class={`card course-tile${isDue(course) ? " course-due" : ""}`}>
      <a class="course-link" href={`#/courses/${course.id}`}>
        <header><h2>{course.guest}</h2><State state={course.state} /></header>
        <p>{said("template", course.name)} · {routineName(course.routine)}</p>
        <Progress progress={progress} />
        {progress.next && <p class="next"><Icon name="course" /> {isDue(course) ? t("courses.due") : t("courses.next")}: <b>{dayAndTime(progress.next.starts_at, course.timezone)}</b></p>}
      </a>
      <Begin course={course} />
    </article>
  );
}

export default function Courses() {
  const {data, error, again} = useLoad(() => all("/courses", {state: state.value, site_id: site.value}, {most: MOST}), [state.value, site.value]);
  useEffect(() => onEvent((type) => { if (type === "course" || type === "resync") again(); }), []);
  const fits = finder(find.value);
  const shown = (data ?? []).filter((each) => fits(each.guest)).sort((a, b) => when(a).localeCompare(when(b)));
  return (
    <div class="courses">
      <div class="heading"><h1>{t("menu.courses")}</h1>{may("operate") && <a class="button primary" href="#/courses/new"><Icon name="plus" /> {t("courses.new")}</a>}</div>
      <div class="bar">
        <Chips label={t("routine.state")} is={state} of={STATES} say={(each) => word("course_state", each)} />
        <SiteSelect label={t("field.site")} is={site} />
        <Search label={t("courses.find")} is={find} />
      </div>
      <Failed of={error}>{explain(error)} <button onClick={again}>{t("load.again")}</button></Failed>
      {!data && !error && <Waiting />}
      {data && shown.length === 0 && <div class="empty"><p>{t("courses.none")}</p>{may("operate") && <a class="button" href="#/courses/new"><Icon name="plus" /> {t("courses.new")}</a>}</div>}
      <div class="routine-tiles">{shown.map((each) => <Card key={each.id} course={each} />)}</div>
    </div>
  );
}
