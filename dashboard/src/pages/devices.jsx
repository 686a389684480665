// Every unit, also those that are out of service or retired: found, added, opened.
import {signal, useComputed, useSignal} from "@preact/signals";
import {get, post} from "../data/api.js";
import {device, deviceList, now, ready, refreshDevice, sites} from "../data/live.js";
import {saveText} from "../data/save.js";
import {ago, byName, finder} from "../format.js";
import {go, may} from "../routes.js";
import {t, word} from "../texts/index.js";
import {Check, Search, Select, SiteSelect} from "../ui/choose.jsx";
import {Field} from "../ui/field.jsx";
import {FormDialog} from "../ui/form.jsx";
import {Icon} from "../ui/icon.jsx";
import {OnceDialog} from "../ui/once.jsx";
import {Portions} from "../ui/portions.jsx";
import {Presence, presenceOf} from "../ui/presence.jsx";
import {Unread, useRead} from "../ui/read.jsx";
import {complain} from "../ui/toast.jsx";
import {None, Unready} from "./floor.jsx";

const find = signal(""), service = signal("used"), site = signal(""), presence = signal("");
const IN_SERVICE = {used: ["in_service", "maintenance"], in_service: ["in_service"], maintenance: ["maintenance"], retired: ["retired"]};

export const siteName = (id) => sites.value.find((each) => each.id === id)?.name ?? "";

/** [label, text] of what a unit signs in with. */
export const credentialRows = (credentials) => [[t("devices.username"), credentials.username], [t("devices.password"), credentials.password]];

const PLAIN = 1883, TLS = 8883;
/** What docs/unit.md wants in /etc/pediluve/agent.json. The board is not known here: whoever installs the unit sets it. */
export const agentFile = (made, broker) => `${JSON.stringify({
  device_id: made.id, password: made.credentials.password, model: made.model, models_dir: "/usr/share/pediluve/models",
  mqtt: {host: broker.host, port: broker.port, ...(broker.tls && {ca_file: "/etc/ssl/certs/ca-certificates.crt"})},
  journal: "/var/lib/pediluve-agent/journal.db", status: "/run/pediluve-agent/status.sock", ...(broker.board && {board: broker.board}),
  ...(broker.board && broker.board !== "sim" && {board_file: `/etc/pediluve/${broker.board}.json`}),
}, null, 2)}\n`;

/* Where the unit finds the broker is not where this page or the server finds it, so it is asked, with what is likely. */
function AgentFile({made}) {
  const host = useSignal(location.hostname), tls = useSignal(true), port = useSignal(TLS), board = useSignal("linux");
  const bad = !/^[A-Za-z0-9.:_-]{1,253}$/.test(host.value) || !(port.value >= 1 && port.value <= 65535);
  return (
    <fieldset class="agent-file">
      <legend>{t("agent.title")}</legend>
      <p><small>{t("agent.why")}</small></p>
      <Field label={t("agent.host")} value={host.value} maxLength={253} error={bad ? t("agent.bad") : ""} onText={(text) => { host.value = text.trim(); }} />
      <Field label={t("agent.port")} type="number" min={1} max={65535} value={port.value} onText={(text) => { port.value = Number(text); }} />
      <Field label={t("agent.board")} hint={board.value === "sim" ? t("agent.board_sim") : t("agent.board_file", {file: `/etc/pediluve/${board.value}.json`})}>
        {(own) => <Select {...own} is={board} of={["linux", "modbus", "sim"]} say={(each) => word("board", each)} />}
      </Field>
      <Check checked={tls.value} onCheck={(yes) => {
        tls.value = yes;
        if (port.value === TLS || port.value === PLAIN) port.value = tls.value ? TLS : PLAIN;
      }}>{t("agent.tls")}</Check>
      <button disabled={bad} onClick={() => saveText("agent.json", agentFile(made, {host: host.value, port: port.value, tls: tls.value, board: board.value}), "application/json")}><Icon name="download" /> {t("agent.save")}</button>
    </fieldset>
  );
}

function Row({id}) {
  const d = device(id)?.value;
  if (!d) return null;
  return (
    <li><a class={`unit unit-${d.service}`} href={`#/devices/${id}`}>
      <b>{d.name}<small class="unit-where">{siteName(d.site_id)}</small></b><span class="unit-model">{word("model", d.model)}<small>{d.serial !== d.id ? d.serial : ""}</small></span>
      <span class="unit-site">{siteName(d.site_id)}</span>
      <span class="unit-presence">{d.service === "retired" ? <span class="soft">{word("service", "retired")}</span> : <><Presence d={d} />{d.last_seen_at && !d.fresh && <small>{ago(d.last_seen_at, now.value)}</small>}</>}</span>
      <span class="unit-marks">{d.simulated && <i class="badge">{t("device.simulated")}</i>}{d.service === "maintenance" && <i class="badge"><Icon name="wrench" /> {word("service", "maintenance")}</i>}
        {d.faults?.length > 0 && <i class="badge badge-bad"><Icon name="alarm" /> {d.faults.map((each) => word("reason", each)).join(", ")}</i>}
        {d.cleaning === "due" && d.service !== "retired" && <i class="badge"><Icon name="clean" /> {t("floor.clean_due")}</i>}</span>
      <Icon name="next" />
    </a></li>
  );
}

function Add({onClose, onMade}) {
  const models = useRead(async () => (await get("/models")).items, []);
  const send = async (form) => {
    const made = await post("/devices", {site_id: form.get("site_id"), model: form.get("model"), name: form.get("name").trim(), ...(form.get("serial").trim() && {serial: form.get("serial").trim()})});
    onMade(made);
    refreshDevice(made.id).catch(complain);
  };
  return (
    <FormDialog title={t("devices.add")} act={t("devices.add_act")} onClose={onClose} send={send}>
      {(at) => (
        <>
          <Field label={t("devices.name")} hint={t("devices.name_hint")} name="name" required maxLength={80} error={at("/name")} autofocus />
          <Field label={t("devices.model")} error={at("/model")}>
            {(own) => <Select {...own} name="model" required of={models.value ?? []} />}
          </Field>
          <Unread of={models} />
          <Field label={t("devices.site")} error={at("/site_id")}>
            {(own) => <Select {...own} name="site_id" required of={sites.value} />}
          </Field>
          <Field label={t("devices.serial")} hint={t("devices.serial_hint")} name="serial" maxLength={64} error={at("/serial")} />
        </>
      )}
    </FormDialog>
  );
}

export default function Devices() {
  const adding = useSignal(false), made = useSignal(null);
  const shown = useComputed(() => {
    const fits = finder(find.value);
    return deviceList().map((each) => each.peek())
      .filter((d) => IN_SERVICE[service.value].includes(d.service) && (!site.value || d.site_id === site.value) && (!presence.value || presenceOf(d) === presence.value) &&
        fits(`${d.name} ${d.serial} ${d.model} ${siteName(d.site_id)}`))
      .sort(byName).map((d) => d.id);
  });
  if (ready.value !== true) return <Unready />;
  return (
    <>
      <div class="page-head"><h1>{t("menu.devices")}</h1>
        {may("manage") && <button class="primary" onClick={() => { adding.value = true; }}><Icon name="plus" /> {t("devices.add")}</button>}</div>
      <div class="bar">
        <Search label={t("floor.find")} is={find} />
        <Select aria-label={t("devices.service")} is={service} of={Object.keys(IN_SERVICE)} say={(each) => (each === "used" ? t("devices.used") : word("service", each))} />
        <Select aria-label={t("devices.presence")} is={presence} none={t("devices.any_presence")} of={["ready", "connected", "silent", "offline"]} say={(each) => word("presence", each)} />
        <SiteSelect is={site} />
      </div>
      <p class="soft" role="status">{t("devices.count", {n: shown.value.length})}</p>
      {shown.value.length ? <Portions as="ul" class="unit-list" ids={shown.value} of={Row} /> : <None anyAtAll={deviceList().length > 0} onAll={() => { find.value = ""; service.value = "used"; site.value = ""; presence.value = ""; }} />}
      {adding.value && <Add onClose={() => { adding.value = false; }} onMade={(each) => { made.value = each; }} />}
      {made.value && <OnceDialog title={t("devices.made", {name: made.value.name})} why={t("devices.once")} values={credentialRows(made.value.credentials)}
        more={<AgentFile made={made.value} />} onClose={() => { const {id} = made.value; made.value = null; go(`/devices/${id}`); }} />}
    </>
  );
}
