// The unit tries itself out: asked for in maintenance, by somebody who has looked that nobody is in it; what came of the last time.
import {useSignal} from "@preact/signals";
import {get, post} from "../../data/api.js";
import {dateTime} from "../../format.js";
import {may} from "../../routes.js";
import {t, word} from "../../texts/index.js";
import {told} from "../../texts/told.js";
import {Check} from "../../ui/choose.jsx";
import {FormDialog} from "../../ui/form.jsx";
import {Icon} from "../../ui/icon.jsx";
import {Unread, useRead} from "../../ui/read.jsx";
import {Table} from "../../ui/rows.jsx";
import {useAct} from "../../ui/task.jsx";


const TONE = {passed: "good", failed: "bad", skipped: "warn"};
const Result = ({group, of}) => <b class={TONE[of]}>{word(group, of)}</b>;
/* "water/1/follows", "contact/lid"; an actuator has its name of the model: "roller-sole/2" */
function nameOf(check) {
  const [first, ...rest] = check.split("/"), [kind, ...zone] = first.split("-");
  const what = /^(water|level|current|emergency_stop|contact|heater|outputs)$/.test(first) ? word("tested", first)
    : [word("actuator", kind), word("zone", zone.join("-") || null)].filter(Boolean).join(", ");
  return [what, ...rest.map((each) => word("tested", each))].join(" ");
}
/* A sentence with its figures, or the bare name of a reason. */
function detailOf({detail}) {
  const reason = word("reason", detail);
  return detail?.includes(" ") || reason === detail ? told("check", detail) : reason || "–";
}

function Ask({d, onClose, again}) {
  const send = async (form) => { await post(`/devices/${d.id}/self-test`, {nobody_in_the_unit: form.has("empty")}); again(); };
  return (
    <FormDialog title={t("device.test_start")} act={t("device.test_start")} danger onClose={onClose} send={send}>
      {() => (
        <>
          <p>{t("device.test_sure")}</p>
          <Check class="switch" name="empty" required>{t("device.test_empty")}</Check>
        </>
      )}
    </FormDialog>
  );
}

/* "a safety interlock is active: lid_open" */
const whyOf = ({code, detail}) => {
  if (!code || code === "ok") return null;
  if (code === "superseded") return t("device.test_ended");
  const [, reason] = detail?.split(": ") ?? [];
  return word("code", code) + (reason ? `: ${word("reason", reason)}` : "");
};

function Last({of: test, zone}) {
  const why = whyOf(test);
  return (
    <>
      <p><Result group={test.verdict ? "verdict" : "outcome"} of={test.verdict ?? test.state} /> <small>{dateTime(test.requested_at, zone)}, {test.requested_name}</small>{why && <small> · {why}</small>}</p>
      {test.checks.length > 0 && (
        <Table label={t("device.test")} rows={test.checks.map((each) => ({id: each.name, ...each}))} columns={[
          {name: t("device.test_check"), show: (c) => nameOf(c.name)}, {name: t("device.outcome"), show: (c) => <Result group="checked" of={c.result} />},
          {name: t("device.test_detail"), show: (c) => <small>{detailOf(c)}</small>}]} />
      )}
    </>
  );
}

export function SelfTest({d, zone}) {
  const asked = useSignal(false), {busy, run} = useAct();
  const last = useRead(async (signal) => (await get(`/devices/${d.id}/self-tests`, {limit: 1}, {signal})).items[0] ?? null, [d.id],
    (type, data) => type === "command" && data?.device_id === d.id);
  const test = last.value, goes = test && !test.finished_at, serviced = d.service === "maintenance";
  const stop = () => run(async () => {
    await post(`/devices/${d.id}/self-test/stop`);
    await last.again();
  });
  return (
    <section class="card wide-card"><div class="page-head"><h2>{t("device.test")}</h2>
      <div class="actions">
        {goes && may("operate") && <button class="stop" disabled={busy.value} onClick={stop}><Icon name="stop" /> {t("device.test_stop")}</button>}
        {serviced && !goes && may("manage") && <button disabled={!d.ready || !test && test !== null} onClick={() => { asked.value = true; }}><Icon name="wrench" /> {t("device.test_start")}</button>}
      </div></div>
      <Unread of={last} />
      {goes && <div role="status"><p>{t("device.test_runs")} <small>{word("outcome", test.state)}</small></p><progress aria-label={t("device.test")} /></div>}
      {test && !goes && <Last of={test} zone={zone} />}
      {test === null && <p class="soft">{t("device.test_none")}</p>}
      {!serviced && d.service !== "retired" && !goes && may("manage") && <p class="soft">{t("device.test_hint")}</p>}
      {asked.value && <Ask d={d} again={last.again} onClose={() => { asked.value = false; }} />}
    </section>
  );
}
