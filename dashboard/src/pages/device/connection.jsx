// When the unit was connected: a strip of the last day or week, how much of it, and what changed last.
import {useSignal} from "@preact/signals";
import {useEffect} from "preact/hooks";
import {presence} from "../../data/presence.js";
import {dateTime} from "../../format.js";
import {language, t, word} from "../../texts/index.js";
import {Chips} from "../../ui/choose.jsx";
import {Unread, useRead} from "../../ui/read.jsx";
import {Table} from "../../ui/rows.jsx";

const PERIODS = [24, 168], WIDTH = 1000;
const WRITTEN_MS = 2000; // a change is in the history a second after it is seen
const AGAIN_MS = 60000;
const TONE = new Map([[true, "on"], [false, "off"], [null, "unknown"]]);

const percent = (part) => part.toLocaleString(language.value, {style: "percent", maximumFractionDigits: part > 0.99 && part < 1 ? 2 : 0});

/** "24 hours", "7 days" */
export const period = (hours) => (hours < 48 ? t("device.hours", {n: hours}) : t("device.days", {n: hours / 24}));

/* Short interruptions are drawn last and never thinner than can be seen. */
function Strip({of, label}) {
  const x = (at) => (at - of.from) / (of.to - of.from) * WIDTH;
  const sorted = [...of.pieces].sort((a, b) => (b.is === true) - (a.is === true));
  return (
    <svg class="strip" viewBox={`0 0 ${WIDTH} 40`} preserveAspectRatio="none" role="img" aria-label={label}>
      {sorted.map((each) => <rect key={each.from} class={`strip-${TONE.get(each.is)}`} x={x(each.from)} y="0" height="40" width={Math.max(x(each.to) - x(each.from), each.is ? 0 : 2)} />)}
    </svg>
  );
}

export function Connection({d, zone}) {
  const hours = useSignal(24), there = d.connected && d.fresh;
  const read = useRead((signal) => presence(d.id, hours.value, signal), [d.id, hours.value]);
  useEffect(() => {
    const soon = setTimeout(read.again, WRITTEN_MS), later = setInterval(read.again, AGAIN_MS);
    return () => { clearTimeout(soon); clearInterval(later); };
  }, [d.id, hours.value, there]);
  const of = read.value;
  const told = of && (of.share === null ? t("connection.nothing") : t("connection.share", {share: percent(of.share), period: period(hours.value)}));
  const columns = [
    {name: t("device.when"), show: (c) => <span>{dateTime(c.at, zone)}{c.not_before && <small> {t("connection.not_before", {at: dateTime(c.not_before, zone)})}</small>}</span>},
    {name: t("devices.presence"), show: (c) => <b class={c.connected ? "good" : "bad"}>{word("connection.is", String(c.connected))}</b>},
    {name: t("connection.why"), show: (c) => <span>{word("why", c.why)}{c.restarted && <small> {t("connection.restarted")}</small>}</span>},
  ];
  return (
    <section class="card wide-card"><div class="page-head"><h2>{t("connection.title")}</h2>
      <Chips label={t("device.period")} is={hours} of={PERIODS} say={period} /></div>
      <Unread of={read} />
      {of && (
        <>
          <p class="strip-told">{told}</p>
          <Strip of={of} label={told} />
          <p class="strip-ends soft"><span>{dateTime(new Date(of.from).toISOString(), zone)}</span><span>{t("connection.now")}</span></p>
          <ul class="strip-key">{[...TONE.values()].map((each) => <li key={each}><i class={`strip-${each}`} /> {t(`connection.key_${each}`)}</li>)}</ul>
          {of.latest.length > 0 ? <Table label={t("connection.changes")} columns={columns} rows={of.latest.map((each) => ({...each, id: `${each.at} ${each.epoch} ${each.why}`}))} /> : <p class="soft">{t("connection.none")}</p>}
        </>
      )}
    </section>
  );
}
