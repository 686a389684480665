// Pause, resume, weaker and stronger, cooler and warmer, and the one red button. Taps within half a second go as one order.
import {useSignal} from "@preact/signals";
import {useEffect, useRef} from "preact/hooks";
import {celsius, percent} from "../../format.js";
import {t} from "../../texts/index.js";
import {Icon} from "../../ui/icon.jsx";

const GATHER_MS = 500, FORGET_MS = 15000;
const WATER_LEAST = 30;

/* What is wanted is shown at once, marked as not yet there, until the unit says the same. */
function Adjust({label, value, least, most, by, show, disabled, onSet}) {
  const wanted = useSignal(null), timer = useRef(0);
  useEffect(() => { if (wanted.value !== null && Math.abs(wanted.value - value) < 0.01) wanted.value = null; }, [value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const present = wanted.value ?? value;
  const move = (sign) => {
    wanted.value = Math.min(most, Math.max(least, Math.round((present + sign * by) * 10) / 10));
    clearTimeout(timer.current);
    timer.current = setTimeout(async () => {
      const sent = wanted.value;
      const ok = await onSet(sent);
      // When the unit stays silent the old value comes back: what is shown is what the unit says.
      if (!ok) wanted.value = null;
      else timer.current = setTimeout(() => { if (wanted.value === sent) wanted.value = null; }, FORGET_MS);
    }, GATHER_MS);
  };
  return (
    <div class="adjust" role="group" aria-label={label}>
      <button disabled={disabled || present <= least} aria-label={t("session.less", {what: label})} onClick={() => move(-1)}>−</button>
      <p aria-live="polite"><small>{label}</small><b class={wanted.value === null ? "" : "wanted"}>{show(present)}</b></p>
      <button disabled={disabled || present >= most} aria-label={t("session.more", {what: label})} onClick={() => move(1)}>+</button>
    </div>
  );
}

export function Controls({session, busy, byHand, waterMost, onPause, onResume, onAdjust}) {
  const paused = session.state === "paused", ready = session.state !== "requested" && session.state !== "starting";
  return (
    <div class="controls">
      {paused ? <button class="primary" disabled={busy} onClick={onResume}><Icon name="play" /> {t("session.resume")}</button>
        : <button disabled={busy || !ready} onClick={onPause}><Icon name="pause" /> {t("session.pause")}</button>}
      {!byHand && <Adjust label={t("session.intensity")} value={session.intensity} least={0} most={100} by={10} show={percent} disabled={!ready} onSet={(intensity) => onAdjust({intensity})} />}
      {!byHand && session.target_c !== null && <Adjust label={t("session.water")} value={session.target_c} least={WATER_LEAST} most={waterMost} by={0.5} show={(c) => celsius(c, 1)} disabled={!ready}
        onSet={(water_c) => onAdjust({water_c})} />}
    </div>
  );
}
