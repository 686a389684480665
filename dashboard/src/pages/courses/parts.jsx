// What the pages of courses share: days at the site, progress, and the way to today's session.
import {useSignal} from "@preact/signals";
import {device, deviceList} from "../../data/live.js";
import {byName, dayAt} from "../../format.js";
import {go, may} from "../../routes.js";
import {language, t, word} from "../../texts/index.js";
import {Dialog} from "../../ui/dialog.jsx";
import {Icon} from "../../ui/icon.jsx";

/** "Mon, 21 Dec, 09:30" on the site's clocks. */
export const dayAndTime = (at, zone) =>
  new Intl.DateTimeFormat(language.value, {weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", timeZone: zone}).format(new Date(at));

export const isDue = ({state, progress, timezone}) => state === "active" && !!progress.next && progress.next.date <= dayAt(timezone);

export const Progress = ({progress}) => (
  <div class="course-progress">
    <progress max={100} value={progress.percent} aria-label={t("courses.progress")} />
    <small>{t("courses.done_of", {done: progress.done, all: progress.done + progress.left})}{progress.missed > 0 && ` · ${t("courses.missed", {n: progress.missed})}`}</small>
  </div>
);

/** A unit that could take the session, or why not: free, clean and ready. */
const isFree = (d) => d.service === "in_service" && d.ready && d.fresh && !d.session && d.cleaning !== "due" && !d.faults?.length;

function ChooseUnit({course, onClose}) {
  const units = deviceList().map((each) => each.value).filter((d) => d.site_id === course.site_id && d.service === "in_service")
    .sort((a, b) => isFree(b) - isFree(a) || byName(a, b));
  return (
    <Dialog title={t("courses.where")} onClose={onClose}>
      <div class="units">
        {units.map((d) => <button key={d.id} onClick={() => go(`/start/${d.id}?course=${course.id}`)}><b>{d.name}</b> <small>{t(isFree(d) ? "courses.unit_free" : "courses.unit_not_free")}</small></button>)}
        <button onClick={() => go(`/start?course=${course.id}`)}><Icon name="hand" /> {t("courses.by_hand")}</button>
      </div>
    </Dialog>
  );
}

/** Begins the session that is due: on the unit that was wished for, or where staff say. */
export function Begin({course}) {
  const asking = useSignal(false);
  if (!isDue(course) || !may("operate")) return null;
  const begin = () => {
    if (course.device_id && device(course.device_id)) go(`/start/${course.device_id}?course=${course.id}`);
    else asking.value = true;
  };
  return (
    <>
      <button class="primary" onClick={begin}><Icon name="play" /> {t("courses.begin")}</button>
      {asking.value && <ChooseUnit course={course} onClose={() => { asking.value = false; }} />}
    </>
  );
}

export const State = ({state}) => <span class={`badge course-state-${state}`}>{word("course_state", state)}</span>;
