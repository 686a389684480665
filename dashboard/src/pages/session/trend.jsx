// Water and strength since the session began: small, to see the direction; the device's page has the whole chart.
import {useSignal} from "@preact/signals";
import {useEffect} from "preact/hooks";
import {all} from "../../data/api.js";
import {celsius} from "../../format.js";
import {t} from "../../texts/index.js";

const EVERY_MS = 15000, WIDE = 300, HIGH = 60;

const line = (points, x, y, of) => points.filter((each) => of(each) !== null).map((each, i) => `${i ? "L" : "M"}${x(each).toFixed(1)} ${y(of(each)).toFixed(1)}`).join("");

export function Trend({session, live, title}) {
  const points = useSignal([]);
  useEffect(() => {
    let ended = false;
    // A trend that cannot be read is no trend; the numbers beside it are the live ones.
    const read = () => all(`/devices/${session.device_id}/telemetry`, {session_id: session.id, from: session.started_at ?? session.requested_at, resolution: "10s", limit: 1000}, {most: 1000})
      .then((items) => { if (!ended) points.value = items; }, () => {});
    read();
    const timer = live && setInterval(read, EVERY_MS);
    return () => { ended = true; clearInterval(timer); };
  }, [session.id, live]);
  const list = points.value;
  if (list.length < 3) return null;
  const times = list.map((each) => Date.parse(each.at)), from = times[0], to = times.at(-1);
  const warm = list.map((each) => each.water_c).filter((each) => each !== null);
  const least = Math.floor(Math.min(...warm)) - 0.5, most = Math.ceil(Math.max(...warm)) + 0.5;
  const x = (each) => (Date.parse(each.at) - from) / Math.max(1, to - from) * WIDE;
  return (
    <figure class={`trend${title ? " card" : ""}`}>
      {title && <h2>{title}</h2>}
      <svg viewBox={`0 0 ${WIDE} ${HIGH}`} preserveAspectRatio="none" role="img" aria-label={t("session.trend", {least: celsius(Math.min(...warm)), most: celsius(Math.max(...warm))})}>
        <path class="trend-target" d={line(list, x, (c) => HIGH - (Math.min(most, Math.max(least, c)) - least) / (most - least) * HIGH, (each) => each.target_c)} />
        <path class="trend-strength" d={line(list, x, (v) => HIGH - v / 100 * (HIGH - 4), (each) => each.intensity)} />
        <path class="trend-water" d={line(list, x, (c) => HIGH - (c - least) / (most - least) * HIGH, (each) => each.water_c)} />
      </svg>
      <figcaption><span class="key-water">{t("session.water")}</span><span class="key-strength">{t("session.intensity")}</span></figcaption>
    </figure>
  );
}
