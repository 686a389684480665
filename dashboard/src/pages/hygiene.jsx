// The disinfection log: what is due on top, then the records of a period, unit by unit, to be read, printed or saved.
import {useComputed, useSignal} from "@preact/signals";
import {post} from "../data/api.js";
import {readCleanings, readHygiene, saveCsv} from "../data/cleanings.js";
import {alarms, deviceList, ready, refreshDevice, sites} from "../data/live.js";
import {byName, date, dayAt, time} from "../format.js";
import {may} from "../routes.js";
import {t, word} from "../texts/index.js";
import {alarmDetail} from "../texts/alarm.js";
import {Check, Chips, Select, SiteSelect} from "../ui/choose.jsx";
import {Field} from "../ui/field.jsx";
import {FormDialog} from "../ui/form.jsx";
import {Icon} from "../ui/icon.jsx";
import {Waiting} from "../ui/load.jsx";
import {Unread, useRead} from "../ui/read.jsx";
import {Table} from "../ui/rows.jsx";
import {complain, explain, say} from "../ui/toast.jsx";
import {lastUsed, remember} from "./disinfect/rules.js";

const PERIODS = {today: 0, week: 6, month: 30};
/* Minutes of contact where the rules of the site are not read yet. */
const CONTACT = {after_client: 10, end_of_day: 10, weekly: 360, biweekly_soak: 360, rinse: 0};

const daysBack = (n) => dayAt(undefined, Date.now() - n * 86400000);
const siteOf = (id) => sites.value.find((each) => each.id === id);

function Record({d, rules, onClose, onDone}) {
  const kind = useSignal("after_client"), last = lastUsed();
  const rule = rules?.kinds.find((each) => each.kind === kind.value), needs = (what) => !!rule?.needs.includes(what);
  const send = async (form) => {
    const words = (name) => form.get(name)?.trim() || undefined;
    const product = {disinfectant: words("disinfectant"), epa_number: words("epa_number")};
    await post(`/devices/${d.id}/cleanings`, {
      kind: kind.value, ...product, contact_minutes: Number(form.get("contact_minutes")), rinsed: form.get("rinsed") === "on",
      initials: words("initials"), note: words("note"), done_at: form.get("done_at") ? new Date(form.get("done_at")).toISOString() : undefined,
    });
    remember({...product, initials: words("initials")});
    say(t("log.recorded", {name: d.name}));
    onDone();
    refreshDevice(d.id).catch(complain);
  };
  return (
    <FormDialog title={t("log.record_title", {name: d.name})} act={t("log.record")} onClose={onClose} send={send}>
      {(at) => (
        <>
          <Field label={t("log.kind")} error={at("/kind")}>
            {(own) => <Select {...own} is={kind} of={Object.keys(CONTACT)} say={(each) => word("cleaning", each)} />}
          </Field>
          <div class="pair">
            <Field label={t("log.product")} name="disinfectant" required={needs("disinfectant")} maxLength={80} defaultValue={last.disinfectant} error={at("/disinfectant")} />
            <Field label={t("log.epa")} name="epa_number" required={needs("epa_number")} maxLength={40} defaultValue={last.epa_number} error={at("/epa_number")} />
            <Field key={kind.value} label={t("log.contact_minutes")} name="contact_minutes" type="number" inputMode="numeric" required min={0} max={1440} defaultValue={rule?.contact_minutes ?? CONTACT[kind.value]} error={at("/contact_minutes")} />
            <Field label={t("log.initials")} name="initials" required maxLength={8} autocapitalize="characters" autocomplete="off" defaultValue={last.initials} error={at("/initials")} />
          </div>
          <Check class="switch" name="rinsed">{t("log.rinsed")}</Check>
          <Field label={t("log.done_at")} hint={t("log.done_at_hint")} name="done_at" type="datetime-local" error={at("/done_at")} />
          <Field label={t("log.note")} name="note" required={needs("note")} maxLength={280} error={at("/note")} />
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

const civil = (text) => date(`${text}T12:00:00Z`, "UTC");
const days = ({from, to}) => (from === to ? civil(from) : `${civil(from)} – ${civil(to)}`);

/* Why the unit takes no guest now. */
const whyOf = ({kinds, disinfecting}) => [
  ...kinds.filter((each) => each.overdue).map((each) => t("log.was_due", {kind: word("cleaning", each.kind), on: civil(each.due_on)})), disinfecting && t("log.why_disinfecting"),
].filter(Boolean).join(" · ") || t("log.why_used");

/* What is owed when, and days on which the unit was not used: an inspector asks for both. */
function Rules({rules}) {
  return (
    <>
      <ul class="rules">{rules.kinds.filter((each) => each.due_on).map((each) => (
        <li key={each.kind} class={each.overdue ? "bad" : ""}>{t(each.overdue ? "log.was_due" : "log.is_due", {kind: word("cleaning", each.kind), on: civil(each.due_on)})}</li>
      ))}</ul>
      {rules.out_of_use.length > 0 && <p class="out-of-use">{t("log.out_of_use")} {rules.out_of_use.map((each) => `${days(each)} (${each.reason}, ${each.noted_name})`).join("; ")}</p>}
    </>
  );
}

function NotUsed({d, onClose, onDone}) {
  const send = async (form) => {
    await post(`/devices/${d.id}/out-of-use`, {from: form.get("from"), to: form.get("to"), reason: form.get("reason").trim()});
    say(t("log.not_used_done"));
    onDone();
  };
  const zone = siteOf(d.site_id)?.timezone, yesterday = dayAt(zone, Date.now() - 86400000);
  return (
    <FormDialog title={t("log.not_used_title", {name: d.name})} act={t("save")} onClose={onClose} send={send}>
      {(at) => (
        <>
          <p>{t("log.not_used_why")}</p>
          <div class="pair">
            <Field label={t("log.from")} name="from" type="date" required max={yesterday} defaultValue={yesterday} error={at("/from")} />
            <Field label={t("log.to")} name="to" type="date" required max={yesterday} defaultValue={yesterday} error={at("/to")} />
          </div>
          <Field label={t("log.reason")} name="reason" required maxLength={200} error={at("/reason")} />
        </>
      )}
    </FormDialog>
  );
}

function Sheet({d, records, rules, from, to, onRecord, onNotUsed}) {
  const site = siteOf(d.site_id), isOverdue = rules?.kinds.some((each) => each.overdue);
  return (
    <section class="card sheet" aria-label={[d.name, site?.name, d.serial].filter(Boolean).join(", ")}>
      <div class="page-head"><div><h2>{d.name}</h2><p class="soft">{[site?.name, word("model", d.model), d.serial].filter(Boolean).join(" · ")}</p></div>
        {may("operate") && d.service !== "retired" && (
          <div class="actions no-print"><button onClick={() => onNotUsed(d)} aria-label={t("log.not_used_title", {name: d.name})}>{t("log.not_used")}</button>
            <button onClick={() => onRecord(d)} aria-label={t("log.record_title", {name: d.name})}><Icon name="plus" /> {t("log.record")}</button></div>)}</div>
      {rules?.why && !d.session && <p class={`hint-box${isOverdue ? " hint-box-bad" : ""}`}><Icon name={isOverdue ? "alarm" : "clean"} /> {whyOf(rules)}</p>}
      {rules && <Rules rules={rules} />}
      <p class="print-only">{t("log.sheet", {from: civil(from), to: civil(to), zone: site?.timezone ?? ""})}</p>
      {records.length ? <Table label={t("log.of", {name: d.name})} columns={columns(site?.timezone)} rows={records} /> : <p class="soft">{t("log.none")}</p>}
      <p class="print-only sheet-foot">{t("log.printed", {at: `${date(new Date(), site?.timezone)} ${time(new Date(), site?.timezone)}`})}</p>
    </section>
  );
}

function Due({list, overdue}) {
  if (!list.length) return <p class="hint-box hint-box-good no-print"><Icon name="check" /> {t("log.nothing_due")}</p>;
  return (
    <section class="card due no-print"><h2>{t("log.due", {n: list.length})}</h2>
      <ul>{list.map((d) => (
        <li key={d.id}><span><b>{d.name}</b>{overdue.has(d.id) && <b class="bad"> {t("log.overdue")}</b>} <small>{[siteOf(d.site_id)?.name, d.rinse && t("floor.rinse"), overdue.has(d.id) && alarmDetail(overdue.get(d.id))].filter(Boolean).join(" · ")}</small></span>
          {may("operate") && <a class="button primary" href={`#/disinfect/${d.id}`} aria-label={t("floor.disinfect_name", {name: d.name})}><Icon name="clean" /> {t("floor.disinfect")}</a>}</li>
      ))}</ul>
    </section>
  );
}

export default function Hygiene({query}) {
  const period = useSignal("week"), from = useSignal(daysBack(6)), to = useSignal(daysBack(0));
  const site = useSignal(""), only = useSignal(query.get("device") ?? ""), recording = useSignal(null), unused = useSignal(null);
  const all = useComputed(() => deviceList().map((each) => each.value).filter((d) => !site.value || d.site_id === site.value)
    .sort(byName));
  const zone = sites.value.length === 1 ? sites.value[0].timezone : siteOf(site.value || deviceList().find((each) => each.peek().id === only.value)?.peek().site_id)?.timezone;
  const asked = {from: from.value, to: to.value, zone, site: site.value, device: only.value}, isWrong = from.value > to.value;
  const read = useRead(async () => (isWrong ? {items: [], cut: false} : readCleanings(asked)), [JSON.stringify(asked)], (type) => type === "cleaning");
  const ids = all.value.filter((d) => d.service !== "retired" && (!only.value || d.id === only.value)).map((d) => d.id);
  const rules = useRead((signal) => readHygiene(ids, signal), [ids.join()], (type) => type === "cleaning");
  if (ready.value === undefined) return <Waiting />;
  if (ready.value instanceof Error) return <div class="empty" role="alert"><h1>{t("floor.failed")}</h1><p>{explain(ready.value)}</p></div>;
  const choose = (which) => { period.value = which; if (which in PERIODS) { from.value = daysBack(PERIODS[which]); to.value = daysBack(0); } };
  const records = read.value?.items ?? [], used = new Set(records.map((each) => each.device_id));
  const shown = all.value.filter((d) => (only.value ? d.id === only.value : d.service !== "retired" || used.has(d.id)));
  const overdue = new Map([...alarms.value.values()].filter((each) => each.kind === "cleaning_overdue").map((each) => [each.device_id, each]));
  const due = all.value.filter((d) => d.service === "in_service" && !d.session && (d.cleaning === "due" || overdue.has(d.id)))
    .sort((a, b) => overdue.has(b.id) - overdue.has(a.id));
  const again = () => { read.again(); rules.again(); };
  const save = () => saveCsv(asked).catch(complain);
  return (
    <>
      <div class="page-head no-print"><h1>{t("log.title")}</h1><div class="actions">
        <button disabled={!read.value} onClick={() => print()}><Icon name="print" /> {t("log.print")}</button>
        <button disabled={!read.value || isWrong} onClick={save}><Icon name="download" /> {t("log.csv")}</button></div></div>
      <Due list={due} overdue={overdue} />
      <div class="bar no-print">
        <Chips label={t("device.period")} value={period.value} onPick={choose} of={[...Object.keys(PERIODS), "dates"]} say={(each) => t(`log.period.${each}`)} />
        {period.value === "dates" && (
          <div class="dates"><label>{t("log.from")} <input type="date" value={from.value} max={to.value} onChange={(e) => { from.value = e.currentTarget.value || from.value; }} /></label>
            <label>{t("log.to")} <input type="date" value={to.value} min={from.value} max={daysBack(-1)} onChange={(e) => { to.value = e.currentTarget.value || to.value; }} /></label></div>
        )}
        <SiteSelect value={site.value} onPick={(id) => { site.value = id; only.value = ""; }} />
        <Select aria-label={t("log.unit")} is={only} none={t("log.all_units")} of={all.value} say={(d) => `${d.name}${!site.value && sites.value.length > 1 ? ` · ${siteOf(d.site_id)?.name ?? ""}` : ""}`} />
      </div>
      {isWrong && <p class="error" role="alert">{t("log.dates_wrong")}</p>}
      <Unread of={read} />
      {rules.problem && <Unread of={rules} />}
      {read.value?.cut && <p class="hint-box" role="alert">{t("log.cut")}</p>}
      {read.value && <div class="sheets">{shown.map((d) => <Sheet key={d.id} d={d} from={from.value} to={to.value} records={records.filter((each) => each.device_id === d.id)} rules={rules.value?.get(d.id)} onRecord={(which) => { recording.value = which; }} onNotUsed={(which) => { unused.value = which; }} />)}</div>}
      {recording.value && <Record d={recording.value} rules={rules.value?.get(recording.value.id)} onClose={() => { recording.value = null; }} onDone={again} />}
      {unused.value && <NotUsed d={unused.value} onClose={() => { unused.value = null; }} onDone={again} />}
    </>
  );
}
