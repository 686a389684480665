// The disinfection log: what is due on top, then the records of a period, unit by unit, to be read, printed or saved.
import {useComputed, useSignal} from "@preact/signals";
import {post} from "../data/api.js";
import {dayOf, readCleanings, saveCsv, timeOf} from "../data/cleanings.js";
import {deviceList, ready, refreshDevice, sites} from "../data/live.js";
import {date, dateTime, time} from "../format.js";
import {may} from "../routes.js";
import {t, word} from "../texts/index.js";
import {Field} from "../ui/field.jsx";
import {FormDialog} from "../ui/form.jsx";
import {Icon} from "../ui/icon.jsx";
import {Unread, useRead} from "../ui/read.jsx";
import {Table} from "../ui/rows.jsx";
import {complain, explain, say} from "../ui/toast.jsx";

const PERIODS = {today: 0, week: 6, month: 30};
/* Minutes that the server takes when none are said. */
const CONTACT = {after_client: 10, end_of_day: 10, weekly: 360, biweekly_soak: 360, rinse: 0};
const KEPT = "pediluve-disinfectant";

const daysBack = (n) => dayOf(new Date(Date.now() - n * 86400000));
const siteOf = (id) => sites.value.find((each) => each.id === id);
const kept = () => {
  try {
    return JSON.parse(localStorage.getItem(KEPT)) ?? {};
  } catch {
    return {};
  }
};

function Record({d, onClose, onDone}) {
  const kind = useSignal("after_client"), last = kept();
  const send = async (form) => {
    const words = (name) => form.get(name)?.trim() || undefined;
    const product = {disinfectant: words("disinfectant"), epa_number: words("epa_number")};
    await post(`/devices/${d.id}/cleanings`, {
      kind: kind.value, ...product, contact_minutes: Number(form.get("contact_minutes")), rinsed: form.get("rinsed") === "on",
      initials: words("initials"), note: words("note"), done_at: form.get("done_at") ? new Date(form.get("done_at")).toISOString() : undefined,
    });
    localStorage.setItem(KEPT, JSON.stringify({...product, initials: words("initials")}));
    say(t("log.recorded", {name: d.name}));
    onDone();
    refreshDevice(d.id).catch(complain);
  };
  return (
    <FormDialog title={t("log.record_title", {name: d.name})} act={t("log.record")} onClose={onClose} send={send}>
      {(at) => (
        <>
          <Field label={t("log.kind")} error={at("/kind")}>
            {(own) => <select {...own} value={kind.value} onChange={(e) => { kind.value = e.currentTarget.value; }}>{Object.keys(CONTACT).map((each) => <option key={each} value={each}>{word("cleaning", each)}</option>)}</select>}
          </Field>
          <div class="pair">
            <Field label={t("log.product")} name="disinfectant" maxLength={80} defaultValue={last.disinfectant} error={at("/disinfectant")} />
            <Field label={t("log.epa")} name="epa_number" maxLength={40} defaultValue={last.epa_number} error={at("/epa_number")} />
            <Field key={kind.value} label={t("log.contact_minutes")} name="contact_minutes" type="number" inputMode="numeric" required min={0} max={1440} defaultValue={CONTACT[kind.value]} error={at("/contact_minutes")} />
            <Field label={t("log.initials")} name="initials" required maxLength={8} autocapitalize="characters" autocomplete="off" defaultValue={last.initials} error={at("/initials")} />
          </div>
          <label class="switch"><input type="checkbox" name="rinsed" /> {t("log.rinsed")}</label>
          <Field label={t("log.done_at")} hint={t("log.done_at_hint")} name="done_at" type="datetime-local" error={at("/done_at")} />
          <Field label={t("log.note")} name="note" maxLength={280} error={at("/note")} />
        </>
      )}
    </FormDialog>
  );
}

const columns = (zone) => [
  {name: t("log.done"), show: (c) => <span class="when">{date(c.done_at, zone)}<br />{time(c.done_at, zone)}</span>},
  {name: t("log.kind"), show: (c) => word("cleaning", c.kind)}, {name: t("log.product"), show: (c) => c.disinfectant ?? "–"},
  {name: t("log.epa"), show: (c) => c.epa_number ?? "–"}, {name: t("log.contact"), show: (c) => t("device.min", {n: c.contact_minutes})},
  {name: t("log.rinsed_short"), show: (c) => (c.rinsed ? t("yes") : t("no"))}, {name: t("log.initials"), show: (c) => c.initials ?? "–"},
  {name: t("log.note"), show: (c) => c.note ?? ""},
];

function Sheet({d, records, from, to, onRecord}) {
  const site = siteOf(d.site_id);
  return (
    <section class="card sheet" aria-label={d.name}>
      <div class="page-head"><div><h2>{d.name}</h2><p class="soft">{[site?.name, word("model", d.model), d.serial].filter(Boolean).join(" · ")}</p></div>
        {may("operate") && d.service !== "retired" && <button class="no-print" onClick={() => onRecord(d)} aria-label={t("log.record_title", {name: d.name})}><Icon name="plus" /> {t("log.record")}</button>}</div>
      <p class="print-only">{t("log.sheet", {from: date(`${from}T12:00:00Z`, "UTC"), to: date(`${to}T12:00:00Z`, "UTC"), zone: site?.timezone ?? ""})}</p>
      {records.length ? <Table label={t("log.of", {name: d.name})} columns={columns(site?.timezone)} rows={records} /> : <p class="soft">{t("log.none")}</p>}
      <p class="print-only sheet-foot">{t("log.printed", {at: dateTime(new Date(), site?.timezone)})}</p>
    </section>
  );
}

function Due({list}) {
  if (!list.length) return <p class="notice notice-good no-print"><Icon name="check" /> {t("log.nothing_due")}</p>;
  return (
    <section class="card due no-print"><h2>{t("log.due", {n: list.length})}</h2>
      <ul>{list.map((d) => (
        <li key={d.id}><span><b>{d.name}</b> <small>{[siteOf(d.site_id)?.name, d.rinse && t("floor.rinse")].filter(Boolean).join(" · ")}</small></span>
          {may("operate") && <a class="button primary" href={`#/disinfect/${d.id}`} aria-label={t("floor.disinfect_name", {name: d.name})}><Icon name="clean" /> {t("floor.disinfect")}</a>}</li>
      ))}</ul>
    </section>
  );
}

function toCsv(devices, records, from, to) {
  const head = ["site", "unit", "serial", "model", "date", "time", "timezone", "kind", "disinfectant", "epa_number", "contact_minutes", "rinsed", "initials", "note", "recorded_at", "id"];
  const byId = new Map(devices.map((d) => [d.id, d]));
  saveCsv(`disinfections-${from}-${to}.csv`, [head, ...records.map((c) => {
    const d = byId.get(c.device_id), site = siteOf(c.site_id);
    return [site?.name, d?.name, d?.serial, d?.model, dayOf(c.done_at, site?.timezone), timeOf(c.done_at, site?.timezone), site?.timezone, c.kind, c.disinfectant, c.epa_number,
      c.contact_minutes, c.rinsed ? "yes" : "no", c.initials, c.note, c.created_at, c.id];
  })]);
}

export default function Hygiene({query}) {
  const period = useSignal("week"), from = useSignal(daysBack(6)), to = useSignal(daysBack(0));
  const site = useSignal(""), only = useSignal(query.get("device") ?? ""), recording = useSignal(null);
  const all = useComputed(() => deviceList().map((each) => each.value).filter((d) => !site.value || d.site_id === site.value)
    .sort((a, b) => a.name.localeCompare(b.name, undefined, {numeric: true})));
  const read = useRead((signal) => readCleanings({from: from.value, to: to.value, site: site.value, device: only.value}, (c) => siteOf(c.site_id)?.timezone, signal),
    [from.value, to.value, site.value, only.value, sites.value.length], (type) => type === "cleaning");
  if (ready.value === undefined) return <div class="waiting" aria-busy="true" />;
  if (ready.value instanceof Error) return <div class="empty" role="alert"><h1>{t("floor.failed")}</h1><p>{explain(ready.value)}</p></div>;
  const choose = (which) => { period.value = which; if (which in PERIODS) { from.value = daysBack(PERIODS[which]); to.value = daysBack(0); } };
  const records = read.value?.items ?? [], used = new Set(records.map((each) => each.device_id));
  const shown = all.value.filter((d) => (only.value ? d.id === only.value : d.service !== "retired" || used.has(d.id)));
  const due = all.value.filter((d) => d.service === "in_service" && d.cleaning === "due" && !d.session);
  const isWrong = from.value > to.value;
  return (
    <>
      <div class="page-head no-print"><h1>{t("log.title")}</h1><div class="acts">
        <button disabled={!read.value} onClick={() => print()}><Icon name="print" /> {t("log.print")}</button>
        <button disabled={!read.value} onClick={() => toCsv(all.value, records, from.value, to.value)}><Icon name="download" /> {t("log.csv")}</button></div></div>
      <Due list={due} />
      <div class="bar no-print">
        <div class="chips" role="group" aria-label={t("device.period")}>
          {[...Object.keys(PERIODS), "dates"].map((each) => <button key={each} class="chip" aria-pressed={period.value === each} onClick={() => choose(each)}>{t(`log.period.${each}`)}</button>)}
        </div>
        {period.value === "dates" && (
          <div class="dates"><label>{t("log.from")} <input type="date" value={from.value} max={to.value} onChange={(e) => { from.value = e.currentTarget.value || from.value; }} /></label>
            <label>{t("log.to")} <input type="date" value={to.value} min={from.value} max={daysBack(-1)} onChange={(e) => { to.value = e.currentTarget.value || to.value; }} /></label></div>
        )}
        {sites.value.length > 1 && (
          <select aria-label={t("floor.site")} value={site.value} onChange={(e) => { site.value = e.currentTarget.value; only.value = ""; }}>
            <option value="">{t("floor.all_sites")}</option>
            {sites.value.map((each) => <option key={each.id} value={each.id}>{each.name}</option>)}
          </select>
        )}
        <select aria-label={t("log.unit")} value={only.value} onChange={(e) => { only.value = e.currentTarget.value; }}>
          <option value="">{t("log.all_units")}</option>
          {all.value.map((d) => <option key={d.id} value={d.id}>{d.name}{!site.value && sites.value.length > 1 ? ` · ${siteOf(d.site_id)?.name ?? ""}` : ""}</option>)}
        </select>
      </div>
      {isWrong && <p class="error" role="alert">{t("log.dates_wrong")}</p>}
      <Unread of={read} />
      {read.value?.cut && <p class="notice" role="alert">{t("log.cut")}</p>}
      {read.value && <div class="sheets">{shown.map((d) => <Sheet key={d.id} d={d} from={from.value} to={to.value} records={records.filter((each) => each.device_id === d.id)} onRecord={(which) => { recording.value = which; }} />)}</div>}
      {recording.value && <Record d={recording.value} onClose={() => { recording.value = null; }} onDone={read.again} />}
    </>
  );
}
