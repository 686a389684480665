// A unit is disinfected: what to do, the contact time, and the record, which cannot be made too early. Two taps where product and
// initials are those of the last time.
import {useSignal} from "@preact/signals";
import {useRef} from "preact/hooks";
import {get, newKey, post, request} from "../data/api.js";
import {device, now, ready} from "../data/live.js";
import {clock, date, dateTime, time} from "../format.js";
import {go, may} from "../routes.js";
import {t, word} from "../texts/index.js";
import {Field} from "../ui/field.jsx";
import {Icon} from "../ui/icon.jsx";
import {Waiting} from "../ui/load.jsx";
import {Unread, useRead} from "../ui/read.jsx";
import {Ring} from "../ui/ring.jsx";
import {Failed, useTask} from "../ui/task.jsx";
import {say} from "../ui/toast.jsx";
import {keep, kept, kindsOf, lastUsed, parts, remember} from "./disinfect/rules.js";

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

/* The fields of the record; a new content is a new intent. */
const trimmed = (fields) => Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, value.trim()]));

export default function Disinfect({device: id}) {
  const d = device(id)?.value;
  const chosen = useSignal(null), longer = useSignal(0);
  const fields = useSignal({...lastUsed(), note: ""});
  const key = useRef(null), {busy, problem, run: doing} = useTask((error) => {
    if (error.code !== "network" && !(error.status >= 500)) key.current = null;
    problem.value = error;
  });
  const read = useRead((signal) => Promise.all([get(`/devices/${id}/hygiene`, undefined, {signal}), get(`/devices/${id}/cleanings`, {limit: 1}, {signal})]), [id]);
  if (ready.value === undefined) return <Waiting />;
  if (!d) return <p class="empty" role="alert">{t("start.no_device")}</p>;
  if (!may("operate")) return <p class="empty">{t("start.not_allowed")}</p>;
  if (d.session) return <div class="empty"><h1>{t("disinfect.title", {name: d.name})}</h1><p>{t("disinfect.busy")}</p><a class="button" href={`#/sessions/${d.session.id}`}>{t("start.open_session")}</a></div>;

  if (!read.value) return <Unread of={read} />;
  const [hygiene, {items: [last]}] = read.value;

  const kinds = kindsOf(hygiene), of = (kind) => kinds.find((each) => each.kind === kind);
  const begun = d.disinfecting && {kind: d.disinfecting.kind, startedAt: Date.parse(d.disinfecting.started_at)};
  const what = of(begun?.kind ?? chosen.value ?? "after_client") ?? kinds[0];
  const run = begun && {...begun, minutes: Math.max(what.minutes, kept(id, begun.startedAt))};
  const minutes = Math.max(what.minutes, longer.value), timed = what.minutes > 0;
  const [before, after] = parts(what, d.rinse);
  const over = !timed || (run && now.value - run.startedAt >= run.minutes * MINUTE);
  const said = trimmed(fields.value);
  const complete = !!said.initials && what.needs.every((name) => said[name]);
  const set = (part) => { fields.value = {...fields.value, ...part}; key.current = null; };
  const choose = (kind) => { chosen.value = kind; longer.value = 0; key.current = null; };
  const rememberThem = () => remember({disinfectant: said.disinfectant, epa_number: said.epa_number, initials: said.initials});
  const begin = () => doing(async () => {
    const {started_at} = await post(`/devices/${id}/cleanings/start`, {kind: what.kind});
    keep(id, Date.parse(started_at), minutes);
    rememberThem();
  });
  const again = () => {
    if (confirm(t("disinfect.again_sure"))) doing(async () => {
      await request("DELETE", `/devices/${id}/cleanings/start`);
      longer.value = 0;
      keep(id);
    });
  };
  const record = () => doing(async () => {
    key.current ??= newKey();
    const {initials, disinfectant, epa_number, note} = said;
    await post(`/devices/${id}/cleanings`, {
      kind: what.kind, initials, rinsed: before.includes("rinse") || before.includes("additive"), ...(note && {note}),
      ...(timed && {disinfectant, contact_minutes: run.minutes}), ...(timed && epa_number && {epa_number}),
    }, {key: key.current});
    keep(id);
    rememberThem();
    say(t(timed ? "disinfect.recorded" : "disinfect.recorded_rinse", {name: d.name}));
    go("/");
  });
  const error = (name) => problem.value?.at?.(`/${name}`) || undefined;
  return (
    <div class="disinfect">
      <h1>{t("disinfect.title", {name: d.name})}{last && <small>{t("disinfect.last", {kind: word("cleaning", last.kind), time: dateTime(last.done_at)})}</small>}</h1>
      {d.cleaning === "clean" && !run && !kinds.some((each) => each.overdue) && <p class="soft">{t("disinfect.clean")}</p>}
      {d.rinse && <p class="blocked"><Icon name="water" /> <b>{t("disinfect.rinse_first")}</b></p>}
      {!run && <div class="chips" role="group" aria-label={t("disinfect.kind")}>
        {kinds.map((each) => <button key={each.kind} class="chip" aria-pressed={what.kind === each.kind} onClick={() => choose(each.kind)}>
          {word("cleaning", each.kind)}{each.overdue ? <b class="count">{t("disinfect.overdue")}</b> : each.due_on && <small>{t("disinfect.due_on", {date: date(`${each.due_on}T12:00:00Z`, "UTC")})}</small>}</button>)}</div>}
      <div class="disinfect-main">
        <section class="card">
          <h2>{run ? word("cleaning", what.kind) : t("disinfect.steps")}</h2>
          {run ? <><Timer run={run} /><Steps steps={after} from={before.length + 1} /></> : <Steps steps={before} />}
          {timed && !run && <button class="primary begin" disabled={busy.value || !complete} onClick={begin}><Icon name="clean" /> {t("disinfect.start")}</button>}
          {timed && run && <button class="primary begin" disabled={busy.value || !over || !complete} onClick={record}>
            {over ? <><Icon name="check" /> {t("disinfect.record")}</> : t("disinfect.wait", {time: clock(run.startedAt + run.minutes * MINUTE - now.value)})}</button>}
          {timed && run && <button class="plain link" disabled={busy.value} onClick={again}>{t("disinfect.again")}</button>}
          {!timed && <button class="primary begin" disabled={busy.value || !complete} onClick={record}><Icon name="check" /> {t("disinfect.record_rinse")}</button>}
          {!complete && <p class="soft">{timed ? t("disinfect.lacks") : t("disinfect.lacks_initials")}</p>}
          <Failed of={problem.value} />
        </section>
        <section class="card disinfect-fields">
          <Field label={t("disinfect.initials")} value={fields.value.initials} maxLength={8} autocomplete="off" autocapitalize="characters" required error={error("initials")} onText={(initials) => set({initials})} />
          {timed && <>
            <Field label={t("disinfect.product")} hint={t("disinfect.product_hint")} value={fields.value.disinfectant} maxLength={80} autocomplete="off" required error={error("disinfectant")} onText={(disinfectant) => set({disinfectant})} />
            <Field label={t("disinfect.epa")} hint={t("disinfect.epa_hint")} value={fields.value.epa_number} maxLength={40} autocomplete="off" required={what.needs.includes("epa_number")} error={error("epa_number")} onText={(epa_number) => set({epa_number})} />
            {!run && <Field key={what.kind} label={t("disinfect.minutes")} hint={t("disinfect.minutes_hint", {n: what.minutes})} type="number" inputMode="numeric" min={what.minutes} max={MOST_MINUTES} value={minutes} error={error("contact_minutes")}
              onChange={(e) => { longer.value = Math.max(what.minutes, Math.min(MOST_MINUTES, Math.round(Number(e.currentTarget.value)) || 0)); e.currentTarget.value = longer.value; }} />}
          </>}
          <Field label={t("disinfect.note")} value={fields.value.note} maxLength={NOTE_MOST} autocomplete="off" required={what.needs.includes("note")} error={error("note")} onText={(note) => set({note})} />
        </section>
      </div>
    </div>
  );
}
