// One unit: how it is now, what it measured, what it was told and what became of it, who used it, when it was disinfected.
import {useSignal} from "@preact/signals";
import {get, post, request} from "../data/api.js";
import {device, now, ready, refreshDevice, sites} from "../data/live.js";
import {routineName} from "../data/routines.js";
import {celsius, date, dateTime, minutes, percent} from "../format.js";
import {may} from "../routes.js";
import {t, word} from "../texts/index.js";
import {Chart} from "../ui/chart.jsx";
import {Chips} from "../ui/choose.jsx";
import {Field} from "../ui/field.jsx";
import {FormDialog} from "../ui/form.jsx";
import {Icon} from "../ui/icon.jsx";
import {Waiting} from "../ui/load.jsx";
import {OnceDialog} from "../ui/once.jsx";
import {Presence, PresenceFacts} from "../ui/presence.jsx";
import {useRead} from "../ui/read.jsx";
import {Rows} from "../ui/rows.jsx";
import {say} from "../ui/toast.jsx";
import {condition} from "./floor.jsx";
import {Connection, period} from "./device/connection.jsx";
import {credentialRows} from "./devices.jsx";
import {SelfTest} from "./device/self-test.jsx";

const HOURS = [1, 6, 24, 168];
const OUTCOME = {succeeded: "good", failed: "bad", rejected: "bad", unknown: "bad", expired: "warn", cancelled: "soft"};
const Word = ({group, value, tone}) => <b class={tone}>{word(group, value)}</b>;

const zoneOf = (d) => sites.value.find((each) => each.id === d.site_id)?.timezone;

/* The tag is read just before, so that the change is to what the server has; who came in between is not overwritten: 412. */
async function change(d, body) {
  const {etag, data} = await request("GET", `/devices/${d.id}`);
  if (data.name !== d.name || data.service !== d.service || data.site_id !== d.site_id || data.serial !== d.serial) {
    await refreshDevice(d.id);
    throw new Error(t("device.changed"));
  }
  await request("PATCH", `/devices/${d.id}`, {body, etag});
  await refreshDevice(d.id);
}

function Edit({d, onClose}) {
  const send = async (form) => {
    const wanted = {name: form.get("name").trim(), serial: form.get("serial").trim(), site_id: form.get("site_id")};
    const body = Object.fromEntries(Object.entries(wanted).filter(([name, value]) => value && value !== d[name]));
    if (Object.keys(body).length) await change(d, body);
    say(t("device.saved"));
  };
  return (
    <FormDialog title={t("device.edit")} act={t("save")} onClose={onClose} send={send}>
      {(at) => (
        <>
          <Field label={t("devices.name")} name="name" required maxLength={80} defaultValue={d.name} error={at("/name")} />
          <Field label={t("devices.serial")} name="serial" maxLength={64} defaultValue={d.serial} error={at("/serial")} />
          <Field label={t("devices.site")} hint={t("device.move_hint")} error={at("/site_id")}>
            {(own) => <select {...own} name="site_id">{sites.value.map((each) => <option key={each.id} value={each.id} selected={each.id === d.site_id}>{each.name}</option>)}</select>}
          </Field>
        </>
      )}
    </FormDialog>
  );
}

/* What is asked before it is done: words and the act, by name. */
const ASKED = {
  maintenance: {done: "device.maintenance_done", run: (d) => change(d, {service: "maintenance"})},
  in_service: {done: "device.in_service_done", run: (d) => change(d, {service: "in_service"})},
  retire: {danger: true, done: "device.retired", run: (d) => change(d, {service: "retired"})},
};

function Acts({d}) {
  const editing = useSignal(false), asked = useSignal(null), credentials = useSignal(null), renewing = useSignal(false);
  if (!may("manage") || d.service === "retired") return null;
  const ask = (what) => () => { asked.value = what; };
  return (
    <div class="actions">
      <button onClick={() => { editing.value = true; }}><Icon name="edit" /> {t("device.edit")}</button>
      {d.service === "in_service" ? <button onClick={ask("maintenance")}><Icon name="wrench" /> {t("device.to_maintenance")}</button>
        : <button class="primary" onClick={ask("in_service")}><Icon name="check" /> {t("device.to_in_service")}</button>}
      <button onClick={() => { renewing.value = true; }}><Icon name="plug" /> {t("device.credentials")}</button>
      <button onClick={ask("retire")}><Icon name="cross" /> {t("device.to_retire")}</button>
      {editing.value && <Edit d={d} onClose={() => { editing.value = false; }} />}
      {asked.value && (
        <FormDialog title={t(`device.to_${asked.value}`)} act={t(`device.to_${asked.value}`)} danger={ASKED[asked.value].danger} onClose={ask(null)}
          send={async () => { const {run, done} = ASKED[asked.value]; await run(d); say(t(done, {name: d.name})); }}>
          {() => <p>{t(`device.to_${asked.value}_sure`, {name: d.name})}</p>}
        </FormDialog>
      )}
      {renewing.value && (
        <FormDialog title={t("device.credentials")} act={t("device.credentials_act")} danger onClose={() => { renewing.value = false; }}
          send={async () => { credentials.value = await post(`/devices/${d.id}/credentials`); }}>
          {() => <p>{t("device.credentials_sure", {name: d.name})}</p>}
        </FormDialog>
      )}
      {credentials.value && <OnceDialog title={t("device.credentials")} why={t("devices.once")} values={credentialRows(credentials.value)} onClose={() => { credentials.value = null; }} />}
    </div>
  );
}

function Now({d}) {
  const v = d.values;
  return (
    <section class="card"><h2>{t("device.now")}</h2>
      <dl class="fact-list fact-list-big">
        <div><dt>{t("chart.of_water")}</dt><dd>{celsius(v?.water_c)}</dd></div>
        <div><dt>{t("device.level")}</dt><dd>{percent(v?.level_percent)}</dd></div>
        <div><dt>{t("device.heater")}</dt><dd>{percent(v?.heater_percent)}</dd></div>
        <div><dt>{t("chart.of_current")}</dt><dd>{v?.current_ma === undefined ? "–" : `${v.current_ma} mA`}</dd></div>
      </dl>
      {v?.at && !d.fresh && <p class="warn">{t("device.old_values", {at: dateTime(v.at, zoneOf(d))})}</p>}
      <PresenceFacts d={d} zone={zoneOf(d)} />
    </section>
  );
}

function About({d}) {
  const model = useRead(() => get(`/models/${d.model}`), [d.model]).value;
  return (
    <section class="card"><h2>{t("device.about")}</h2>
      <dl class="fact-list">
        <div><dt>{t("devices.model")}</dt><dd>{model ? <>{model.name} <small>{t("device.model_version", {version: model.version})}</small></> : d.model}</dd></div>
        <div><dt>{t("devices.serial")}</dt><dd class="code">{d.serial}</dd></div>
        <div><dt>{t("devices.site")}</dt><dd>{sites.value.find((each) => each.id === d.site_id)?.name}</dd></div>
        <div><dt>{t("device.agent")}</dt><dd>{d.agent ?? t("device.never")}{d.simulated && <small> {t("device.simulated")}</small>}</dd></div>
        <div><dt>{t("device.added")}</dt><dd>{date(d.created_at)}</dd></div>
        {model && <div><dt>{t("device.limits")}</dt><dd>{[model.tub_ml > 0 && t("device.water_max", {c: celsius(model.water_max_c, 0)}), t("device.session_max", {n: minutes(model.session_max_s)})].filter(Boolean).join(" · ")}</dd></div>}
        {model && <div><dt>{t("device.parts")}</dt><dd>{[...new Set(model.actuators.map((each) => word("actuator", each.kind)))].join(", ")}</dd></div>}
      </dl>
    </section>
  );
}

function Measured({d}) {
  const hours = useSignal(1);
  return (
    <section class="card wide-card"><div class="page-head"><h2>{t("device.measured")}</h2>
      <Chips label={t("device.period")} is={hours} of={HOURS} say={period} /></div>
      <Chart device={d.id} hours={hours.value} zone={zoneOf(d)} />
    </section>
  );
}

const mine = (id, ...types) => (type, data) => types.includes(type) && data?.device_id === id;

function Histories({d}) {
  const which = useSignal("sessions"), zone = zoneOf(d);
  const lists = {
    sessions: {path: "/sessions", params: {device_id: d.id}, when: mine(d.id, "session"), columns: [
      {name: t("device.when"), show: (s) => <a href={`#/sessions/${s.id}`}>{dateTime(s.started_at ?? s.requested_at, zone)}</a>},
      {name: t("device.routine"), show: (s) => routineName(s.routine)}, {name: t("device.guest"), show: (s) => s.guest ?? "–"},
      {name: t("device.outcome"), show: (s) => <>{word("state", s.state)}{s.reason && s.reason !== "none" && <small> {word("reason", s.reason)}</small>}</>},
      {name: t("device.ran"), show: (s) => t("device.min", {n: Math.round(s.elapsed_ms / 60000)})}]},
    commands: {path: `/devices/${d.id}/commands`, params: {}, when: mine(d.id, "command"), columns: [
      {name: t("device.when"), show: (c) => dateTime(c.created_at, zone)}, {name: t("device.command"), show: (c) => word("command", c.type)},
      {name: t("device.outcome"), show: (c) => <><Word group="outcome" value={c.state} tone={OUTCOME[c.state]} />{c.code && c.code !== "ok" && <small> {word("code", c.code)}</small>}{c.detail && <small> {c.detail}</small>}</>},
      {name: t("device.answered"), show: (c) => (c.acked_at ? dateTime(c.acked_at, zone) : t("device.not_yet"))}]},
    cleanings: {path: `/devices/${d.id}/cleanings`, params: {}, when: mine(d.id, "cleaning"), columns: [
      {name: t("device.when"), show: (c) => dateTime(c.done_at, zone)}, {name: t("log.kind"), show: (c) => word("cleaning", c.kind)},
      {name: t("log.product"), show: (c) => [c.disinfectant, c.epa_number].filter(Boolean).join(" · ") || "–"},
      {name: t("log.contact"), show: (c) => t("device.min", {n: c.contact_minutes})}, {name: t("log.initials"), show: (c) => c.initials ?? "–"}]},
  };
  return (
    <section class="card wide-card"><div class="page-head"><h2>{t("device.history")}</h2>
      <Chips label={t("device.history")} is={which} of={Object.keys(lists)} say={(each) => t(`device.list_${each}`)} /></div>
      <Rows key={which.value} label={t(`device.list_${which.value}`)} none={t(`device.no_${which.value}`)} {...lists[which.value]} />
    </section>
  );
}

export default function Device({id}) {
  now.value; // what is "ago" goes on
  const d = device(id)?.value;
  if (!d) return ready.value === undefined ? <Waiting /> : <div class="empty"><h1>{t("device.none")}</h1><a class="button" href="#/devices">{t("device.all")}</a></div>;
  const is = d.service === "retired" ? "retired" : condition(d);
  return (
    <>
      <p class="no-print"><a class="back" href="#/devices"><Icon name="back" /> {t("device.all")}</a></p>
      <div class="page-head"><div><h1>{d.name}</h1><p class="device-line"><b class={`unit-state unit-state-${is}`}>{is === "retired" ? word("service", "retired") : word("condition", is)}</b> {d.service !== "retired" && <Presence d={d} />}</p></div>
        <div class="actions">
          {d.session && <a class="button primary" href={`#/sessions/${d.session.id}`}>{t("floor.open")}</a>}
          {d.service === "in_service" && d.cleaning === "due" && !d.session && may("operate") && <a class="button primary" href={`#/disinfect/${d.id}`}><Icon name="clean" /> {t("floor.disinfect")}</a>}
          {is === "free" && may("operate") && <a class="button primary" href={`#/start/${d.id}`}><Icon name="play" /> {t("floor.start")}</a>}
        </div></div>
      {d.faults?.length > 0 && <p class="hint-box hint-box-bad" role="alert"><Icon name="alarm" /> {d.faults.map((each) => word("reason", each)).join(", ")}</p>}
      <div class="device-grid"><Now d={d} /><About d={d} /><Measured d={d} /><Connection d={d} zone={zoneOf(d)} /><SelfTest d={d} zone={zoneOf(d)} /><Histories d={d} /></div>
      <Acts d={d} />
    </>
  );
}
