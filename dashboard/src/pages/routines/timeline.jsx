// What each actuator does and when, as a picture: the height is the level, the hatching the wave, the line below the water.
import {useSignal} from "@preact/signals";
import {useEffect, useId, useRef} from "preact/hooks";
import {celsius, clock} from "../../format.js";
import {t, word} from "../../texts/index.js";

const HEIGHT = 46, WATER = {low: 20, high: 44};
const TICKS_S = [10, 30, 60, 120, 300, 600, 900, 1800];

function useWidth() {
  const ref = useRef(), width = useSignal(0);
  useEffect(() => {
    const watch = new ResizeObserver(([entry]) => { width.value = Math.floor(entry.contentRect.width); });
    watch.observe(ref.current);
    return () => watch.disconnect();
  }, []);
  return [ref, width.value];
}

/* One tile of each hatching; travel leans the way it goes. */
const WAVES = {
  steady: null,
  pulse: {size: [8, 8], path: "M2 0V8"},
  alternate: {size: [12, 12], path: "M3 0V6M9 6V12"},
  "travel-proximal": {size: [10, 10], path: "M0 10L10 0M-2 2L2-2M8 12L12 8"},
  "travel-distal": {size: [10, 10], path: "M0 0L10 10M-2 8L2 12M8-2L12 2"},
  "travel-both": {size: [12, 12], path: "M0 12L12 0M0 0L12 12"},
  sequence: {size: [12, 12], path: "M0 11H4V7H8V3H12"},
};
const waveOf = ({wave, direction}) => (wave === "travel" ? `travel-${direction}` : wave);

const Patterns = ({id}) => (
  <defs>
    {Object.entries(WAVES).filter(([, each]) => each).map(([name, {size, path}]) => (
      <pattern key={name} id={`${id}-${name}`} width={size[0]} height={size[1]} patternUnits="userSpaceOnUse"><path class="hatch" d={path} /></pattern>
    ))}
  </defs>
);

function Segment({segment, x, id}) {
  const y = (level) => HEIGHT - 2 - (HEIGHT - 8) * level / 100;
  const from = x(segment.at_ms), to = x(segment.at_ms + segment.duration_ms), full = x(segment.at_ms + Math.min(segment.ramp_ms, segment.duration_ms));
  const top = `M${from} ${y(segment.level_from)}L${full} ${y(segment.level)}H${to}`;
  const area = `${top}V${HEIGHT - 2}H${from}z`;
  return (
    <g>
      <path class="level" d={area} />
      {WAVES[waveOf(segment)] && <path d={area} fill={`url(#${id}-${waveOf(segment)})`} />}
      <path class="level-top" d={top} />
      {to - from > 46 && segment.level > 0 && <text class="level-text" x={Math.min(full + 4, to - 40)} y={Math.max(13, y(segment.level) - 4)}>{segment.level} %</text>}
    </g>
  );
}

const trackName = (track) => `${word("actuator", track.kind)} · ${word("zone", track.zone)}`;
const trackWords = (track) => `${trackName(track)}. ${track.segments.filter((each) => each.level > 0)
  .map((each) => t("timeline.segment", {from: clock(each.at_ms), to: clock(each.at_ms + each.duration_ms), level: each.level, wave: word("wave", each.wave)})).join("; ")}`;

const Track = ({name, label, height = HEIGHT, width, children}) => (
  <figure class="plan-track">
    <figcaption>{name}</figcaption>
    <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`} role="img" aria-label={label} focusable="false">{children}</svg>
  </figure>
);

/** The water's set points as runs of one temperature. */
function waterRuns(water, total) {
  const runs = [];
  for (const each of water) {
    const last = runs.at(-1);
    if (last && last.target_c === each.target_c && last.to >= each.at_ms) last.to = each.at_ms + each.duration_ms;
    else runs.push({from: each.at_ms, to: each.at_ms + each.duration_ms, target_c: each.target_c, holds: false});
    if (each.hold_max_ms > 0) runs.at(-1).holds = true;
  }
  return runs.filter((each) => each.to > each.from || each.from < total);
}

function Water({runs, x}) {
  const y = (c) => HEIGHT - 4 - (HEIGHT - 10) * (Math.min(WATER.high, Math.max(WATER.low, c)) - WATER.low) / (WATER.high - WATER.low);
  return runs.map((each) => (
    <g key={each.from}>
      <path class="water-fill" d={`M${x(each.from)} ${y(each.target_c)}H${x(each.to)}V${HEIGHT - 2}H${x(each.from)}z`} />
      <path class="water-line" d={`M${x(each.from)} ${y(each.target_c)}H${x(each.to)}`} />
      {x(each.to) - x(each.from) > 60 && <text class="level-text" x={x(each.from) + 4} y={HEIGHT - 8}>{celsius(each.target_c)}</text>}
    </g>
  ));
}

/** at_ms: where the present position is marked; on(step of the routine): which one was pointed at. */
export function Timeline({preview, at, on}) {
  const [ref, width] = useWidth();
  const id = useId().replace(/\W/g, "");
  const total = Math.max(1, preview.total_ms, ...preview.steps.map((each) => each.at_ms + each.duration_ms * (each.kind !== "heat")));
  const x = (ms) => Math.round(10 * width * ms / total) / 10;
  const marks = preview.steps.filter((each, i, all) => each.kind !== "heat" && all.findIndex((other) => other.kind !== "heat" && other.routine_step === each.routine_step) === i);
  const byHand = preview.steps.filter((each) => each.kind === "guide");
  const tick = (TICKS_S.find((each) => total / 1000 / each <= Math.max(2, width / 70)) ?? 3600) * 1000;
  const ticks = Array.from({length: Math.floor(total / tick) + 1}, (_, i) => i * tick).filter((each) => width - x(each) > 30);
  const tracks = preview.timeline.filter((each) => each.segments.length > 0);
  const waves = [...new Set(tracks.flatMap((each) => each.segments).filter((each) => each.level > 0).map(waveOf))];
  const runs = waterRuns(preview.water, total);
  const line = at !== undefined && <path class="now-line" d={`M${x(at)} 0V${HEIGHT}`} />;
  return (
    <div class="plan-picture" ref={ref}>
      {width > 0 && (
        <>
          <svg width={0} height={0} class="hidden" aria-hidden="true"><Patterns id={id} /></svg>
          <svg class="plan-steps" width={width} height={30} viewBox={`0 0 ${width} 30`} aria-hidden="true">
            {marks.map((each, i) => {
              const from = x(each.at_ms), to = i + 1 < marks.length ? x(marks[i + 1].at_ms) : width;
              return (
                <g key={each.routine_step} class="step-mark" onClick={on && (() => on(each.routine_step))}>
                  <rect x={from + 0.5} y={1} width={Math.max(1, to - from - 2)} height={26} rx={5} />
                  {to - from > 16 && <text x={(from + to) / 2} y={19}>{each.routine_step + 1}</text>}
                </g>
              );
            })}
          </svg>
          {tracks.map((track) => (
            <Track key={track.actuator} name={trackName(track)} label={trackWords(track)} width={width}>
              {track.segments.map((each) => <Segment key={each.at_ms} segment={each} x={x} id={id} />)}{line}
            </Track>
          ))}
          {byHand.length > 0 && (
            <Track name={t("timeline.by_hand")} label={t("timeline.by_hand_words", {n: byHand.length})} width={width} height={26}>
              {byHand.map((each) => <rect key={each.step} class="by-hand" x={x(each.at_ms) + 0.5} y={3} width={Math.max(2, x(each.duration_ms) - 1)} height={20} rx={4} />)}{line}
            </Track>
          )}
          {runs.length > 0 && (
            <Track name={runs.some((each) => each.holds) ? t("timeline.water_waits") : t("timeline.water")} width={width}
              label={`${t("timeline.water")}: ${runs.map((each) => `${clock(each.from)} ${celsius(each.target_c)}`).join(", ")}`}>
              <Water runs={runs} x={x} />{line}
            </Track>
          )}
          <svg class="plan-axis" width={width} height={20} viewBox={`0 0 ${width} 20`} aria-hidden="true">
            {ticks.map((each) => <g key={each}><path d={`M${x(each) + 0.5} 0V5`} /><text x={x(each) + 2} y={16}>{clock(each)}</text></g>)}
          </svg>
          {waves.length > 0 && (
            <ul class="legend">
              {waves.map((each) => (
                <li key={each}><svg width={30} height={18} aria-hidden="true"><rect class="level" width={30} height={18} />
                  {WAVES[each] && <rect width={30} height={18} fill={`url(#${id}-${each})`} />}</svg>{word("wave", each)}</li>
              ))}
            </ul>
          )}
        </>
      )}
    </div>
  );
}
