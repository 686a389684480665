// What went wrong and who takes care of it: open, acknowledged, cleared.
import {useSignal} from "@preact/signals";
import {post} from "../data/api.js";
import {alarms, device, now, sites} from "../data/live.js";
import {ago, dateTime} from "../format.js";
import {may} from "../routes.js";
import {t, word} from "../texts/index.js";
import {alarmDetail} from "../texts/alarm.js";
import {alarmWords, isOpen, unitOf} from "../ui/alarm-bar.jsx";
import {audible, muted, setMuted, sound} from "../ui/alarm-sound.js";
import {Chips} from "../ui/choose.jsx";
import {Field} from "../ui/field.jsx";
import {FormDialog} from "../ui/form.jsx";
import {Icon} from "../ui/icon.jsx";
import {Unread} from "../ui/read.jsx";
import {More, usePages} from "../ui/rows.jsx";
import {useAct} from "../ui/task.jsx";
import {say} from "../ui/toast.jsx";

const STATES = ["open", "acknowledged", "cleared"];
const SHOWN = 50;
/* What is severe first, then the newest: the server has those first. */
const urgency = (a, b) => (b.severity === "critical") - (a.severity === "critical");

const By = ({what, at, name, zone}) => at && <p class="alarm-by"><b>{what}</b> {dateTime(at, zone)} · {name ?? t("alarms.by_itself")}</p>;

function Alarm({alarm, onClear, onDone}) {
  const {busy, run} = useAct(), site = sites.value.find((each) => each.id === alarm.site_id), zone = site?.timezone;
  const acknowledge = () => run(async () => {
    await post(`/alarms/${alarm.id}/acknowledge`);
    onDone();
  });
  const d = device(alarm.device_id)?.value;
  return (
    <li class={`alarm alarm-${alarm.cleared_at ? "cleared" : alarm.severity}`}>
      <Icon name="alarm" />
      <div class="alarm-text">
        <h2>{unitOf(alarm)}: {alarmWords(alarm)}</h2>
        <p>{alarmDetail(alarm)}</p>
        <p class="alarm-by"><b class={alarm.severity === "critical" ? "bad" : "warn"}>{word("severity", alarm.severity)}</b> · {t("alarms.raised", {ago: ago(alarm.raised_at, now.value)})} · {dateTime(alarm.raised_at, zone)}{sites.value.length > 1 && site && ` · ${site.name}`}</p>
        <By what={t("alarms.acknowledged")} at={alarm.acknowledged_at} name={alarm.acknowledged_name} zone={zone} />
        <By what={t("alarms.cleared")} at={alarm.cleared_at} name={alarm.cleared_name} zone={zone} />
        {alarm.note && <p class="alarm-note">{alarm.note}</p>}
        {alarm.cleared_at && alarm.lasts && <p class="warn">{t("alarms.lasts")}</p>}
      </div>
      <div class="actions">
        {alarm.session_id && <a class="button" href={`#/sessions/${alarm.session_id}`}>{t("alarms.session")}</a>}
        {d && <a class="button" href={`#/devices/${d.id}`}>{t("alarms.unit")}</a>}
        {!alarm.cleared_at && alarm.kind === "cleaning_overdue" && may("operate") && <a class="button" href={`#/disinfect/${alarm.device_id}`}><Icon name="clean" /> {t("floor.disinfect")}</a>}
        {isOpen(alarm) && may("operate") && <button class="primary" disabled={busy.value} onClick={acknowledge}><Icon name="check" /> {t("alarms.acknowledge")}</button>}
        {!alarm.cleared_at && may("operate") && <button onClick={() => onClear(alarm)}>{t("alarms.clear")}</button>}
      </div>
    </li>
  );
}

function Clear({alarm, onClose, onDone}) {
  const send = async (form) => {
    await post(`/alarms/${alarm.id}/clear`, {note: form.get("note").trim()});
    say(t("alarms.clear_done"));
    onDone();
  };
  return (
    <FormDialog title={t("alarms.clear_title", {name: unitOf(alarm)})} act={t("alarms.clear")} onClose={onClose} send={send}>
      {(at) => (
        <>
          <p>{alarmWords(alarm)}</p>
          {alarm.lasts && <p class="hint-box">{t("alarms.still")}</p>}
          <Field label={t("alarms.note")} hint={t("alarms.note_hint")} name="note" required maxLength={280} error={at("/note")} />
        </>
      )}
    </FormDialog>
  );
}

function Sound() {
  return (
    <div class="alarm-sound">
      <label class="switch"><input type="checkbox" checked={!muted.value} onChange={(e) => { setMuted(!e.currentTarget.checked); if (!muted.value) sound("warning", true); }} /> {t("alarms.sound")}</label>
      {!muted.value && !audible.value && <small>{t("alarms.touch")}</small>}
    </div>
  );
}

export default function Alarms({query}) {
  const state = useSignal(STATES.includes(query.get("state")) ? query.get("state") : "open"), clearing = useSignal(null);
  const pages = usePages("/alarms", {state: state.value, limit: SHOWN}, (type) => type === "alarm"), read = pages.first;
  const list = state.value === "cleared" ? pages.rows : pages.rows.sort(urgency);
  const live = [...alarms.value.values()], count = {open: live.filter(isOpen).length, acknowledged: live.filter((each) => !isOpen(each)).length};
  return (
    <>
      <div class="page-head"><h1>{t("menu.alarms")}</h1><Sound /></div>
      <div class="bar alarms-bar"><Chips label={t("floor.show")} is={state} of={STATES} say={(each) => <>{t(`alarms.state.${each}`)} {each in count && <b>{count[each]}</b>}</>} /></div>
      <Unread of={read} />
      {read.value && (list.length
        ? <ul class="alarms">{list.map((each) => <Alarm key={each.id} alarm={each} onClear={(which) => { clearing.value = which; }} onDone={read.again} />)}</ul>
        : <p class="empty"><Icon name="check" /> {t(`alarms.none.${state.value}`)}</p>)}
      <More of={pages} />
      {clearing.value && <Clear alarm={clearing.value} onClose={() => { clearing.value = null; }} onDone={read.again} />}
    </>
  );
}
