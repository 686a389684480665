// What is done at this moment: where, how, how often; and the big button when a person says that it is done.
import {useRef} from "preact/hooks";
import {now} from "../../data/live.js";
import {celsius, clock} from "../../format.js";
import {t, word} from "../../texts/index.js";
import {Body} from "../../ui/body.jsx";
import {Icon} from "../../ui/icon.jsx";

/* The unit does not tell which repetition it is: it is counted from when this page saw the step begin. */
function useSince(step, told) {
  const seen = useRef({step: null, at: 0});
  if (seen.current.step !== step) seen.current = {step, at: Date.now() - (told ?? 0)};
  return Math.max(0, now.value - seen.current.at);
}

function Counter({item, guide, ms}) {
  if (!item.repetitions) return item.duration_ms > 0 ? <p class="counter"><b>{clock(Math.max(0, item.duration_ms - ms))}</b><span>{t("session.left_here")}</span></p> : null;
  const at = Math.min(item.repetitions, guide?.repetition || Math.floor(ms / Math.max(1, item.repetition_ms)) + 1);
  return (
    <div class="counter" role="img" aria-label={t("session.repetition", {n: at, of: item.repetitions})}>
      <b>{at}<small> / {item.repetitions}</small></b>
      {item.repetitions <= 24 && <span class="dots">{Array.from({length: item.repetitions}, (_, i) => <i key={i} class={i < at ? "on" : ""} />)}</span>}
    </div>
  );
}

export function Now({item, guide, session, device, next, busy, mayAct, onConfirm}) {
  const ms = useSince(item?.step, guide?.in_step_ms);
  if (!item) return null;
  const heating = item.kind === "heat" && session.state !== "paused";
  const where = item.zones.map((zone) => word("zone", zone)).join(", ");
  const asks = guide && item.ends === "confirm";
  return (
    <section class={`card now${guide ? " now-hand" : ""}`} aria-live="polite">
      <div class={`now-picture${session.state === "running" || session.state === "waiting" ? " body-alive" : ""}`}><Body zones={item.zones} side={item.side} /></div>
      <div class="now-words">
        <p class="now-kind"><Icon name={item.by_hand ? "hand" : item.kind === "heat" ? "water" : "device"} /> {item.by_hand ? t("session.by_hand") : item.kind === "heat" ? t("session.warming") : t("session.by_unit")}
          {item.parts > 1 && <b class="part">{t("session.part", {part: item.part, parts: item.parts})}</b>}</p>
        <h2>{item.title}{where && <small>{where}{item.side !== "both" && <>, <b>{t(`body.${item.side}`)}</b></>}</small>}</h2>
        {item.instruction && <p class="instruction">{item.instruction}</p>}
        {heating && <p class="heating"><b>{celsius(device?.values?.water_c)}</b> → {celsius(session.target_c ?? item.water_c)}<small>{t("session.heating_hint")}</small></p>}
        {guide && session.state !== "paused" && <Counter item={item} guide={guide} ms={ms} />}
        {asks && mayAct && <button class="primary confirm" disabled={busy || session.state === "paused"} onClick={() => onConfirm(item.step)}><Icon name="check" /> {item.parts > 1 && item.part < item.parts ? t("session.confirm_part") : t("session.confirm")}</button>}
        {guide && item.ends === "timer" && <p class="soft">{t("session.by_itself")}</p>}
        {next && <p class="soft next-step">{t("session.next", {title: next.zones.length ? `${next.title},` : next.title, where: [...next.zones.map((zone) => word("zone", zone)), next.side !== "both" && t(`body.${next.side}`)].filter(Boolean).join(", ")})}</p>}
      </div>
    </section>
  );
}
