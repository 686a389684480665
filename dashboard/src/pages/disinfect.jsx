// A unit is disinfected: what to do, the contact time, and the record, which cannot be made too early. Two taps where product and
// initials are those of the last time.
import {useSignal} from "@preact/signals";
import {useEffect, useRef} from "preact/hooks";
import {get, post} from "../data/api.js";
import {device, now, ready} from "../data/live.js";
import {clock, dateTime, time} from "../format.js";
import {go, may} from "../routes.js";
import {t, word} from "../texts/index.js";
import {Field} from "../ui/field.jsx";
import {Icon} from "../ui/icon.jsx";
import {Ring} from "../ui/ring.jsx";
import {explain, say} from "../ui/toast.jsx";
import {keep, kept, KINDS, lastUsed, parts, remember} from "./disinfect/rules.js";

const MINUTE = 60000, MOST_MINUTES = 1440, NOTE_MOST = 280;

function Steps({steps, from = 1}) {
  return <ol class="to-do" start={from}>{steps.map((step, i) => <li key={`${step}${i}`}>{t(`disinfect.step.${step}`)}</li>)}</ol>;
}

function Timer({run}) {
  const whole = run.minutes * MINUTE, gone = now.value - run.startedAt, left = whole - gone;
  return (
    <div class={`contact${left <= 0 ? " contact-over" : ""}`} role="timer" aria-label={left > 0 ? t("disinfect.wait", {time: clock(left)}) : t("disinfect.over")}>
      <Ring part={whole ? gone / whole : 1}><b>{clock(left)}</b><small>{left > 0 ? t("session.left") : <Icon name="check" />}</small></Ring>
      <div><b>{left > 0 ? t("disinfect.running", {time: time(new Date(run.startedAt).toISOString())}) : t("disinfect.over")}</b>
        <p class="soft">{left > 0 ? t("disinfect.kept") : t("disinfect.running", {time: time(new Date(run.startedAt).toISOString())})}</p></div>
    </div>
  );
}

/* A time that began before the last session ended, or before somebody else's record, is of another cleaning. */
function useLast(id, run) {
  const last = useSignal(null);
  useEffect(() => {
    Promise.all([get(`/devices/${id}/cleanings`, {limit: 1}), get("/sessions", {device_id: id, limit: 1})]).then(([cleanings, sessions]) => {
      last.value = cleanings.items[0] ?? null;
      const since = Math.max(Date.parse(cleanings.items[0]?.done_at ?? 0), Date.parse(sessions.items[0]?.ended_at ?? 0));
      if (run.value && run.value.startedAt < since) { run.value = null; keep(id, null); }
    }, () => {}); // the record itself is judged by the server
  }, [id]);
  return last.value;
}

export default function Disinfect({device: id}) {
  const d = device(id)?.value;
  const run = useSignal(kept(id)), kind = useSignal(run.value?.kind ?? "after_client"), fields = useSignal(lastUsed());
  const minutes = useSignal(run.value?.minutes ?? KINDS[kind.value].minutes), note = useSignal("");
  const busy = useSignal(false), problem = useSignal(null), key = useRef(null);
  const last = useLast(id, run);
  if (ready.value === undefined) return <div class="waiting" aria-busy="true" />;
  if (!d) return <p class="empty" role="alert">{t("start.no_device")}</p>;
  if (!may("operate")) return <p class="empty">{t("start.not_allowed")}</p>;
  if (d.session) return <div class="empty"><h1>{t("disinfect.title", {name: d.name})}</h1><p>{t("disinfect.busy")}</p><a class="button" href={`#/sessions/${d.session.id}`}>{t("start.open_session")}</a></div>;

  const least = KINDS[kind.value].minutes, timed = least > 0;
  const [before, after] = parts(kind.value, d.rinse);
  const over = !timed || (run.value && now.value - run.value.startedAt >= run.value.minutes * MINUTE);
  const {disinfectant, epa_number, initials} = fields.value;
  const complete = initials.trim() && (!timed || disinfectant.trim());
  const set = (part) => { fields.value = {...fields.value, ...part}; key.current = null; };
  const choose = (which) => { kind.value = which; minutes.value = KINDS[which].minutes; key.current = null; };
  const begin = () => {
    run.value = {kind: kind.value, minutes: Math.max(least, Math.min(MOST_MINUTES, minutes.value || least)), startedAt: Date.now()};
    now.value = Date.now();
    keep(id, run.value);
    remember({disinfectant: disinfectant.trim(), epa_number: epa_number.trim(), initials: initials.trim()});
  };
  const again = () => { if (confirm(t("disinfect.again_sure"))) { run.value = null; keep(id, null); } };
  const record = async () => {
    busy.value = true;
    problem.value = null;
    key.current ??= crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;
    try {
      await post(`/devices/${id}/cleanings`, {
        kind: kind.value, initials: initials.trim(), rinsed: before.includes("rinse") || before.includes("additive"),
        ...(timed && {disinfectant: disinfectant.trim(), contact_minutes: run.value.minutes}),
        ...(timed && epa_number.trim() && {epa_number: epa_number.trim()}), ...(note.value.trim() && {note: note.value.trim()}),
      }, {key: key.current});
      keep(id, null);
      remember({disinfectant: disinfectant.trim(), epa_number: epa_number.trim(), initials: initials.trim()});
      say(t(kind.value === "rinse" ? "disinfect.recorded_rinse" : "disinfect.recorded", {name: d.name}));
      go("/");
    } catch (error) {
      if (error.code !== "network" && !(error.status >= 500)) key.current = null;
      problem.value = error;
    }
    busy.value = false;
  };
  const error = (name) => problem.value?.at?.(`/${name}`) || undefined;
  return (
    <div class="disinfect">
      <h1>{t("disinfect.title", {name: d.name})}{last && <small>{t("disinfect.last", {kind: word("cleaning", last.kind), time: dateTime(last.done_at)})}</small>}</h1>
      {d.cleaning === "clean" && !run.value && <p class="soft">{t("disinfect.clean")}</p>}
      {d.rinse && <p class="blocked"><Icon name="water" /> <b>{t("disinfect.rinse_first")}</b></p>}
      {!run.value && <div class="chips" role="group" aria-label={t("disinfect.kind")}>
        {Object.keys(KINDS).map((each) => <button key={each} class="chip" aria-pressed={kind.value === each} onClick={() => choose(each)}>{word("cleaning", each)}</button>)}</div>}
      <div class="disinfect-main">
        <section class="card">
          <h2>{run.value ? word("cleaning", kind.value) : t("disinfect.steps")}</h2>
          {!run.value && <Steps steps={before} />}
          {run.value && <Timer run={run.value} />}
          {timed && !run.value && <button class="primary begin" disabled={!complete} onClick={begin}><Icon name="clean" /> {t("disinfect.start")}</button>}
          {timed && <>{run.value && <Steps steps={after} from={before.length + 1} />}
            {run.value && <button class="primary begin" disabled={busy.value || !over || !complete} onClick={record}>{over ? <><Icon name="check" /> {t("disinfect.record")}</> : t("disinfect.wait", {time: clock(run.value.startedAt + run.value.minutes * MINUTE - now.value)})}</button>}
            {run.value && <button class="plain link" onClick={again}>{t("disinfect.again")}</button>}</>}
          {!timed && <button class="primary begin" disabled={busy.value || !complete} onClick={record}><Icon name="check" /> {t("disinfect.record_rinse")}</button>}
          {!complete && <p class="soft">{timed ? t("disinfect.lacks") : t("disinfect.lacks_initials")}</p>}
          {problem.value && <p class="error" role="alert">{explain(problem.value)}</p>}
        </section>
        <section class="card disinfect-fields">
          <Field label={t("disinfect.initials")} value={initials} maxLength={8} autocomplete="off" autocapitalize="characters" required error={error("initials")} onInput={(e) => set({initials: e.currentTarget.value})} />
          {timed && <>
            <Field label={t("disinfect.product")} hint={t("disinfect.product_hint")} value={disinfectant} maxLength={80} autocomplete="off" required error={error("disinfectant")} onInput={(e) => set({disinfectant: e.currentTarget.value})} />
            <Field label={t("disinfect.epa")} hint={t("disinfect.epa_hint")} value={epa_number} maxLength={40} autocomplete="off" error={error("epa_number")} onInput={(e) => set({epa_number: e.currentTarget.value})} />
            {!run.value && <Field label={t("disinfect.minutes")} hint={t("disinfect.minutes_hint", {n: least})} type="number" inputMode="numeric" min={least} max={MOST_MINUTES} value={minutes.value} error={error("contact_minutes")}
              onChange={(e) => { minutes.value = Math.max(least, Math.min(MOST_MINUTES, Math.round(Number(e.currentTarget.value)) || least)); e.currentTarget.value = minutes.value; }} />}
          </>}
          <Field label={t("disinfect.note")} value={note.value} maxLength={NOTE_MOST} autocomplete="off" error={error("note")} onInput={(e) => { note.value = e.currentTarget.value; key.current = null; }} />
        </section>
      </div>
    </div>
  );
}
