// The program as a picture: its steps, what each actuator does, the water, and where it is now.
import {celsius, clock, percent} from "../../format.js";
import {said, t, word} from "../../texts/index.js";

const WIDE = 1000, HIGH = 34, GAP = 8;
const LEAST_MS = 5000; // so that a short step can be seen

/** Where each step begins and ends, in milliseconds of the program. */
export function spans(items) {
  let at = 0;
  return items.map((each) => {
    const from = at;
    at += Math.max(each.duration_ms || each.repetitions * each.repetition_ms, LEAST_MS);
    return {...each, title: said("technique", each.title), instruction: said("instruction", each.instruction), from, to: at};
  });
}

/** What is drawn of the preview only counts when the session runs that very program: a screening may have changed it. */
const same = (items, preview) => preview && preview.steps.length === items.length &&
  items.every((each, i) => preview.steps[i].technique === each.technique && preview.steps[i].kind === each.kind && preview.steps[i].duration_ms === each.duration_ms);

function tracks(items, preview, scale) {
  if (!same(items, preview)) return [];
  const x = (step, ms) => {
    const {from, to} = items[step], {at_ms, duration_ms} = preview.steps[step];
    return scale(from + (duration_ms ? (ms - at_ms) / duration_ms : 0) * (to - from));
  };
  return preview.timeline.filter((each) => each.segments.length).map((each) => ({
    name: `${word("actuator", each.kind)}${each.zone !== "water" ? `, ${word("zone", each.zone)}` : ""}`, kind: each.kind,
    path: each.segments.map((s) => {
      const y = (level) => HIGH * (1 - level / 100);
      const a = x(s.step, s.at_ms), b = x(s.step, Math.min(s.at_ms + s.ramp_ms, s.at_ms + s.duration_ms)), c = x(s.step, s.at_ms + s.duration_ms);
      return `M${a} ${HIGH}V${y(s.level_from)}L${b} ${y(s.level)}H${c}V${HIGH}z`;
    }).join(""),
  }));
}

function waterLine(items, scale) {
  const warm = items.filter((each) => each.water_c !== null);
  if (!warm.length) return null;
  const y = (c) => HIGH * (1 - (Math.min(43, Math.max(28, c)) - 28) / 15);
  return {path: warm.map((each) => `M${scale(each.from)} ${HIGH}V${y(each.water_c)}H${scale(each.to)}V${HIGH}z`).join(""), most: Math.max(...warm.map((each) => each.water_c))};
}

/** at: milliseconds of the program now; null: not begun or over. */
export function Timeline({items, preview, at, step}) {
  const whole = items.at(-1)?.to ?? 1;
  const scale = (ms) => Math.round(ms / whole * WIDE * 10) / 10;
  const rows = tracks(items, preview, scale), water = waterLine(items, scale);
  const all = [{name: t("session.steps"), steps: true}, ...rows, ...(water ? [{name: t("session.water_to", {value: celsius(water.most, 0)}), kind: "water", path: water.path}] : [])];
  const high = all.length * (HIGH + GAP) - GAP;
  const current = items[step];
  const label = t("session.timeline", {step: Math.min(step + 1, items.length), steps: items.length, title: current?.title ?? "", done: percent(at === null ? 0 : at / whole * 100)});
  return (
    <div class="timeline">
      <ul aria-hidden="true">{all.map((row) => <li key={row.name}>{row.name}</li>)}</ul>
      <svg viewBox={`0 0 ${WIDE} ${high}`} height={high} preserveAspectRatio="none" role="img" aria-label={label}>
        {all.map((row, i) => (
          <g key={row.name} transform={`translate(0 ${i * (HIGH + GAP)})`}>
            <rect width={WIDE} height={HIGH} class="track-ground" />
            {row.steps ? items.map((each) => (
              <rect key={each.step} x={scale(each.from)} width={Math.max(scale(each.to) - scale(each.from) - 1.5, 1)} height={HIGH}
                class={`seg seg-${each.by_hand ? "hand" : each.kind}${each.step === step && at !== null ? " seg-now" : each.from < (at ?? 0) ? " seg-done" : ""}`}><title>{each.title}</title></rect>
            )) : <path d={row.path} class={`track track-${row.kind}`} />}
          </g>
        ))}
        {at !== null && <line x1={scale(Math.min(at, whole))} x2={scale(Math.min(at, whole))} y1="-4" y2={high + 4} class="track-now" />}
      </svg>
      <div class="timeline-ends" aria-hidden="true"><span>0:00</span><span>{clock(whole)}</span></div>
    </div>
  );
}
