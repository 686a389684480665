// A session is begun here. A returning guest takes six taps from the floor: Start on the tile; the guest; the skin was looked at;
// none of these apply; the routine (last time's, or the course's, comes first); begin. Screened today already: four.
import {useComputed, useSignal} from "@preact/signals";
import {useEffect, useRef} from "preact/hooks";
import {get, newKey, post} from "../data/api.js";
import {device, ready, sites} from "../data/live.js";
import {dayAt} from "../format.js";
import {condition} from "./floor.jsx";
import {go, may} from "../routes.js";
import {said, t, word} from "../texts/index.js";
import {Icon} from "../ui/icon.jsx";
import {Waiting} from "../ui/load.jsx";
import {Failed, useTask} from "../ui/task.jsx";
import {complain, explain} from "../ui/toast.jsx";
import {answersOf, empty, forGuest, judge, STEPS, todaysScreening} from "./start/flow.js";
import {Guest} from "./start/guest.jsx";
import {Prepare} from "./start/prepare.jsx";
import {Questions} from "./start/questions.jsx";
import {Routine} from "./start/routine.jsx";

/* A refusal that a button can mend has it. */
const Mend = ({problem, deviceId}) => (problem?.code === "cleaning_due" && deviceId
  ? <a class="button" href={`#/disinfect/${deviceId}`}><Icon name="clean" /> {t("floor.disinfect")}</a> : null);

/* Why nothing starts on this unit now, and the button that helps. */
function Blocked({d, siteId}) {
  const is = condition(d);
  if (is === "free") return null;
  const busy = d.session && ["running", "paused", "waiting"].includes(is);
  return (
    <div class="blocked" role="status">
      <p><b>{d.name}: {word("condition", is)}.</b> {t(`start.blocked.${is}`, {faults: (d.faults ?? []).map((each) => word("reason", each)).join(", ")})}</p>
      {is === "dirty" && <a class="button" href={`#/disinfect/${d.id}`}><Icon name="clean" /> {t("floor.disinfect")}</a>}
      {busy && <a class="button" href={`#/sessions/${d.session.id}`}>{t("start.open_session")}</a>}
      {!busy && is !== "dirty" && <><a class="button" href={`#/devices/${d.id}`}>{t("start.see_unit")}</a><a class="button" href={`#/start?site=${siteId}`}><Icon name="hand" /> {t("start.by_hand")}</a></>}
    </div>
  );
}

function Progress({at, state, onStep}) {
  const here = STEPS.indexOf(at);
  const words = {guest: state.guest === undefined ? "" : state.guest ?? t("start.no_name"), questions: state.screening ? word("outcome", state.screening.outcome) : "", routine: said("routine_name", state.routine?.name) ?? ""};
  return (
    <ol class="progress" aria-label={t("start.progress")}>
      {STEPS.map((step, i) => (
        <li key={step} aria-current={i === here ? "step" : undefined} class={i < here ? "progress-done" : ""}>
          <button class="plain" disabled={i >= here} onClick={() => onStep(step)}><i>{i < here ? <Icon name="check" /> : i + 1}</i><span>{t(`start.step.${step}`)}{i < here && words[step] && <small>{words[step]}</small>}</span></button>
        </li>
      ))}
    </ol>
  );
}

function SiteChoice() {
  return (
    <section class="start"><h1>{t("menu.by-hand")}<small>{t("start.which_site")}</small></h1>
      <div class="card choices">{sites.value.map((each) => <a key={each.id} class="button choice" href={`#/start?site=${each.id}`}>{each.name}</a>)}</div>
    </section>
  );
}

export default function Start({device: deviceId, query}) {
  const state = useSignal(empty()), {busy, problem, run} = useTask(), last = useSignal(null), model = useSignal(null);
  const d = deviceId ? device(deviceId)?.value : null;
  const key = useRef(null);
  const siteId = d?.site_id ?? query.get("site") ?? (sites.value.length === 1 ? sites.value[0].id : null);
  const site = useComputed(() => sites.value).value.find((each) => each.id === siteId);
  const change = (part) => { state.value = {...state.value, ...part}; };
  const to = (step) => { problem.value = null; change({step}); scrollTo(0, 0); };
  /* One thing at a time; what the server refuses is shown where it was asked. */
  const doing = (work) => { if (!busy.peek()) run(work); };
  const today = site ? dayAt(site.timezone) : "";

  const choose = ({guest, course, last: had}) => doing(async () => {
    const next = forGuest(guest, course);
    last.value = had ?? null;
    const known = await todaysScreening(site.id, guest);
    if (known) Object.assign(next, answersOf(known.intake), {screening: known, reused: true, step: known.outcome === "refused" ? "questions" : "routine"});
    state.value = next;
    scrollTo(0, 0);
  });
  const screen = (s) => doing(async () => {
    const screening = await judge(site.id, s);
    change({screening, reused: false});
    if (screening.outcome !== "refused" && !screening.warnings.length) to("routine");
  });
  const pick = (routine, course) => doing(async () => {
    change({routine, course: course ?? null, judged: null});
    const judged = await judge(site.id, state.value, routine.slug);
    change({judged});
    to("prepare");
  });
  const begin = ({preparations, details, intensity_max, water_max_c}) => doing(async () => {
    const {course, guest, routine, judged} = state.value;
    // The same intent keeps its key: after a lost answer the second tap starts nothing twice.
    key.current ??= newKey();
    let session;
    try {
      session = await post("/sessions", {
        ...(d ? {device_id: d.id} : {site_id: site.id}), ...(course ? {course_id: course.id} : {routine: routine.slug, guest}),
        screening_id: judged.id, preparations, intensity_max, water_max_c,
      }, {params: {wait: 5}, key: key.current});
    } catch (error) {
      if (error.code !== "network" && error.status < 500) key.current = null;
      throw error;
    }
    key.current = null;
    for (const each of details) await post(`/sessions/${session.id}/checks`, each).catch(complain);
    go(`/sessions/${session.id}`);
  });

  useEffect(() => {
    if (d) get(`/models/${d.model}`).then((found) => { model.value = found; }, () => {}); // only narrows a choice: the server has the last word
  }, [d?.model]);
  const courseId = query.get("course");
  useEffect(() => {
    if (courseId && site) get(`/courses/${courseId}`).then((course) => choose({guest: course.guest, course}), (error) => { problem.value = error; });
  }, [courseId, site?.id]);

  if (ready.value === undefined) return <Waiting />;
  if (!may("operate")) return <p class="empty">{t("start.not_allowed")}</p>;
  if (deviceId && !d) return <p class="empty" role="alert">{ready.value instanceof Error ? explain(ready.value) : t("start.no_device")}</p>;
  if (!site) return <SiteChoice />;
  const s = state.value;
  const blocked = d && condition(d) !== "free" ? <Blocked d={d} siteId={site.id} /> : null;
  const common = {site, state: s, today, busy: busy.value, problem: problem.value, onChange: change};
  return (
    <div class="start">
      <h1>{d ? t("start.on", {name: d.name}) : t("start.hand_at", {name: site.name})}{d && <small>{word("model", d.model)}, {site.name}</small>}</h1>
      <Progress at={s.step} state={s} onStep={to} />
      {s.step !== "prepare" && blocked}
      {s.step === "guest" && <><Guest site={site} today={today} busy={busy.value} onGuest={choose} /><Failed of={problem.value} /></>}
      {s.step === "questions" && <Questions {...common} onJudge={screen} />}
      {s.step === "routine" && <Routine {...common} model={d?.model ?? "by-hand"} last={last.value} onAgain={() => screen(s)} onChoose={pick} />}
      {s.step === "prepare" && <Prepare {...common} blocked={blocked} modelWaterMax={model.value?.water_max_c} onAgain={() => pick(s.routine, s.course)} onBack={() => to("routine")} onStart={begin} />}
      <Mend problem={problem.value} deviceId={d?.id} />
    </div>
  );
}
