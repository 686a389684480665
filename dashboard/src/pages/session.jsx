// One session: what is done now, where on the foot, how far it is, and every button that changes it. Stop is always in sight.
import {useSignal} from "@preact/signals";
import {useEffect, useRef} from "preact/hooks";
import {get, newKey, post} from "../data/api.js";
import {alarms, device, now, onEvent} from "../data/live.js";
import {celsius, clock, percent, time} from "../format.js";
import {may} from "../routes.js";
import {said, t, word} from "../texts/index.js";
import {alarmDetail} from "../texts/alarm.js";
import {alarmWords} from "../ui/alarm-bar.jsx";
import {Icon} from "../ui/icon.jsx";
import {Waiting} from "../ui/load.jsx";
import {Ring} from "../ui/ring.jsx";
import {complain, explain, say} from "../ui/toast.jsx";
import {Checks} from "./session/checks.jsx";
import {Controls} from "./session/controls.jsx";
import {Now} from "./session/now.jsx";
import {spans, Timeline} from "./session/timeline.jsx";
import {Trend} from "./session/trend.jsx";

const OVER = ["completed", "stopped", "aborted", "expired", "rejected"];
const FAILED = ["failed", "rejected", "expired", "unknown"];

/* Reads the session, its steps and what is drawn of it, and keeps them fresh by the events. */
function useSession(id) {
  const session = useSignal(null), steps = useSignal(null), preview = useSignal(null), routine = useSignal(null), failed = useSignal(null);
  const put = (change) => { session.value = {...session.peek(), ...change, at: Date.now()}; };
  const readSteps = () => get(`/sessions/${id}/steps`).then((found) => { steps.value = found; }, complain);
  const read = async () => {
    try {
      const found = await get(`/sessions/${id}`);
      put(found);
      await readSteps();
      if (routine.peek()) return;
      // Name and picture only: without them the page still says what is done.
      routine.value = await get(`/routines/${found.routine}/versions/${found.routine_version}`).catch(() => null);
      const model = found.device_id ? device(found.device_id)?.peek().model : "by-hand";
      const caps = found.screening?.caps;
      preview.value = model ? await post(`/routines/${found.routine}/preview`, {model, version: found.routine_version,
        ...(caps && {intensity_max: caps.intensity_max, water_max_c: caps.water_max_c})}).catch(() => null) : null;
    } catch (problem) { failed.value = problem; }
  };
  useEffect(() => {
    session.value = steps.value = preview.value = routine.value = failed.value = null;
    read();
    return onEvent((type, data) => {
      if (type === "resync") read();
      if (data?.session_id !== id) return;
      const before = session.peek();
      if (type === "session" && before) { // what is being read is newer than what came before it
        put({state: data.state, reason: data.reason, step: data.step, step_count: data.step_count, elapsed_ms: data.elapsed_ms, remaining_ms: data.remaining_ms,
          intensity: data.intensity, target_c: data.target_c, started_at: data.started_at, ended_at: data.ended_at});
        if (before.step !== data.step || before.state !== data.state) readSteps();
      } else if (type === "command" && FAILED.includes(data.state)) {
        say(t("session.command_failed", {what: word("command", data.type), why: word("code", data.code ?? data.state)}), "bad");
      }
    });
  }, [id]);
  return {session, steps, preview, routine, failed, read};
}

/* Milliseconds of the drawn program. It goes by what remains, which counts the program alone; elapsed_ms counts waiting too. Counted
 * on from the last word, never beyond the present step. */
function position(s, items) {
  const span = items[Math.min(s.step, items.length - 1)];
  if (!span || !s.started_at) return null;
  const before = items.slice(0, span.step).reduce((sum, each) => sum + each.duration_ms, 0);
  const since = s.state === "running" ? Math.max(0, now.value - s.at) : 0;
  const gone = OVER.includes(s.state) ? s.elapsed_ms : s.duration_s * 1000 - s.remaining_ms + since; // nothing remains of what is over
  return Math.min(span.to, Math.max(span.from, span.from + gone - before));
}

/* For people a step and its ramp are one. */
function forPeople(items) {
  const rows = [];
  for (const each of items) {
    const last = rows.at(-1);
    if (last && !each.by_hand && !last.by_hand && last.routine_step === each.routine_step && last.kind === each.kind) {
      last.duration_ms += each.duration_ms;
      if (each.state !== last.state) last.state = "current";
    } else rows.push({...each});
  }
  return rows;
}

function Troubles({deviceId}) {
  const d = device(deviceId)?.value;
  const open = [...alarms.value.values()].filter((each) => each.device_id === deviceId && !each.cleared_at);
  const faults = (d?.faults ?? []).filter((fault) => !open.some((each) => each.fault === fault));
  const silent = d && (!d.connected || !d.fresh);
  if (!open.length && !faults.length && !silent) return null;
  return (
    <div class="troubles" role="alert">
      {open.map((each) => <p key={each.id}><Icon name="alarm" /><span><b>{alarmWords(each)}</b> {alarmDetail(each)}</span><a class="button" href="#/alarms">{t("session.to_alarms")}</a></p>)}
      {faults.map((fault) => <p key={fault}><Icon name="alarm" /><b>{word("reason", fault)}</b></p>)}
      {silent && <p><Icon name="offline" /><span><b>{word("presence", d.connected ? "silent" : "offline")}.</b> {t("session.silent")}</span></p>}
    </div>
  );
}

function Ended({s, d, mayAct}) {
  const fine = s.state === "completed";
  const begun = !!s.started_at;
  return (
    <section class={`card ended ended-${fine ? "fine" : "cut"}`}>
      <h2><Icon name={fine ? "check" : "stop"} /> {word("state", s.state)}{s.reason !== "none" && <small>{word("reason", s.reason)}</small>}</h2>
      <p>{begun ? t("session.times", {from: time(s.started_at), to: time(s.ended_at), minutes: clock(s.elapsed_ms)}) : t("session.never_began")}</p>
      {begun && <><h3>{t("session.after")}</h3><Checks id={s.id} phase="after" mayAct={mayAct} /></>}
      <div class="ended-next">
        {d && d.cleaning === "due" && mayAct && <a class="button primary" href={`#/disinfect/${d.id}`}><Icon name="clean" /> {d.rinse ? t("floor.rinse") : t("floor.disinfect")}</a>}
        {d && d.cleaning !== "due" && mayAct && <a class="button primary" href={`#/start/${d.id}`}><Icon name="play" /> {t("floor.start")}</a>}
        <a class="button" href="#/">{t("page.home")}</a>
      </div>
    </section>
  );
}

function Values({s, d}) {
  return (
    <dl class="values">
      <div><dt>{t("session.water")}</dt><dd>{celsius(d?.values?.water_c)}{s.target_c !== null && <small> / {celsius(s.target_c)}</small>}</dd></div>
      <div><dt>{t("session.intensity")}</dt><dd>{percent(s.intensity)}</dd></div>
    </dl>
  );
}

function StepList({items}) {
  return (
    <ol class="step-list">
      {items.map((each) => (
        <li key={each.step} aria-current={each.state === "current" ? "step" : undefined} class={`step-${each.state}`}>
          <Icon name={each.state === "done" ? "check" : each.by_hand ? "hand" : each.kind === "heat" ? "water" : "device"} />
          <span><b>{each.title}</b> {each.zones.map((zone) => word("zone", zone)).join(", ")}{each.side !== "both" && `, ${t(`body.${each.side}`)}`}</span>
          <small>{each.ends === "confirm" ? t("session.until_confirm") : clock(each.duration_ms)}</small>
        </li>
      ))}
    </ol>
  );
}

export default function Session({id}) {
  const {session, steps, preview, routine, failed, read} = useSession(id);
  const busy = useSignal(""), key = useRef({});
  const s = session.value, mayAct = may("operate");
  const d = s?.device_id ? device(s.device_id)?.value : null;

  /* The device has the last word; the answer only says how far the order came. true: it is on its way or done. */
  const order = async (what, body) => {
    busy.value = what;
    let ok = false;
    key.current[what] ??= newKey();
    try {
      const command = await post(`/sessions/${id}/${what}`, body, {params: {wait: 5}, key: key.current[what]});
      key.current[what] = null;
      ok = !FAILED.includes(command.state);
      if (what === "stop") say(command.state === "succeeded" ? t("session.stopped") : t("session.stop_sent"));
      if (!s.device_id) await read();
    } catch (problem) {
      if (problem.code !== "network" && !(problem.status >= 500)) key.current[what] = null;
      complain(problem);
      if (problem.status === 409) await read();
    }
    if (busy.value === what) busy.value = "";
    return ok;
  };

  if (failed.value) return <div class="empty" role="alert"><h1>{failed.value.status === 404 ? t("session.none") : t("session.failed")}</h1><p>{explain(failed.value)}</p><a class="button" href="#/">{t("page.home")}</a></div>;
  if (!s) return <Waiting />;
  const over = OVER.includes(s.state);
  const items = spans(steps.value?.items ?? []);
  const guide = over ? null : steps.value?.guide;
  const here = items[guide?.step ?? s.step];
  const at = items.length ? over && s.state === "completed" ? items.at(-1).to : position(s, items) : null;
  const left = Math.max(0, s.remaining_ms - (s.state === "running" ? Math.max(0, now.value - s.at) : 0));
  const total = s.duration_s * 1000, rows = forPeople(items);
  const waterMost = s.screening?.caps.water_max_c ?? 40;
  return (
    <div class="session">
      <header class="session-head">
        <div><h1>{said("routine_name", routine.value?.name) ?? s.routine}{s.trial && <> <span class="badge">{t("trial.badge")}</span></>}</h1>
          <p class="soft">{[d?.name ?? (s.device_id ? "" : t("session.no_unit")), s.guest].filter(Boolean).join(" · ")}</p></div>
        <span class={`state state-${s.state}`}>{word("state", s.state)}{!over && s.reason !== "none" && `: ${word("reason", s.reason)}`}</span>
      </header>
      {s.device_id && !over && <Troubles deviceId={s.device_id} />}
      {over && <Ended s={s} d={d} mayAct={mayAct} />}
      {!over && (s.state === "requested" || s.state === "starting") && <section class="card getting-ready" role="status"><Waiting /><p>{t("session.getting_ready")}</p></section>}
      {!over && s.state !== "requested" && s.state !== "starting" && (
        <div class="session-main">
          <Now item={here} guide={guide} session={s} device={d} next={here && rows.find((each) => each.step > here.step)} busy={busy.value === "confirm"} mayAct={mayAct} onConfirm={(step) => order("confirm", {step})} />
          <section class="card session-side">
            <Ring part={total > 0 ? 1 - left / total : 0}><b>{clock(left)}</b><small>{t("session.left")}</small></Ring>
            {s.device_id && <Values s={s} d={d} />}
            {s.device_id && <Trend session={s} live />}
            {mayAct && <Controls session={s} busy={busy.value === "pause" || busy.value === "resume"} byHand={!s.device_id} waterMost={waterMost}
              onPause={() => order("pause")} onResume={() => order("resume")} onAdjust={(body) => order("adjust", body)} />}
          </section>
        </div>
      )}
      {items.length > 0 && <section class="card"><h2 class="hidden">{t("session.plan")}</h2><Timeline items={items} preview={preview.value} at={at} step={s.step} />
        <details><summary>{t("session.all_steps", {n: rows.length})}</summary><StepList items={rows} /></details>
        <details><summary>{t("session.before")}</summary><Checks id={id} phase="before" mayAct={mayAct && !over} /></details></section>}
      {over && s.device_id && s.started_at && <Trend session={s} title={t("session.course")} />}
      {!over && mayAct && <div class="stop-always"><button class="stop" disabled={busy.value === "stop"} onClick={() => order("stop")}><Icon name="stop" /> {t("floor.stop")}</button></div>}
    </div>
  );
}
