// A version on one model before any guest feels it: the server compiles it for that model, the page plays it.
import {useSignal} from "@preact/signals";
import {useEffect, useRef} from "preact/hooks";
import {post} from "../../data/api.js";
import {deviceList} from "../../data/live.js";
import {celsius, clock} from "../../format.js";
import {go, may} from "../../routes.js";
import {said, t, word} from "../../texts/index.js";
import {noteWords, problemWords} from "../../texts/told.js";
import {Body} from "../../ui/body.jsx";
import {Chips, Select} from "../../ui/choose.jsx";
import {Icon} from "../../ui/icon.jsx";
import {useLoad, Waiting} from "../../ui/load.jsx";
import {useAct} from "../../ui/task.jsx";
import {explain} from "../../ui/toast.jsx";
import {techniqueName, zonesOf} from "./words.js";
import {Timeline} from "./timeline.jsx";

const SPEEDS = [1, 10, 60];

/** Level of a track's segment at a time, in percent. */
function levelAt({segments}, at) {
  const each = segments.findLast((segment) => segment.at_ms <= at && at < segment.at_ms + segment.duration_ms);
  if (!each) return 0;
  const part = each.ramp_ms > 0 ? Math.min(1, (at - each.at_ms) / each.ramp_ms) : 1;
  return Math.round(each.level_from + (each.level - each.level_from) * part);
}

/** Counts up by itself while it plays: [ms, playing, play, pause, seek]. */
function usePlayer(total, speed) {
  const at = useSignal(0), playing = useSignal(false), last = useRef(0);
  useEffect(() => {
    if (!playing.value) return undefined;
    last.current = performance.now();
    const beat = setInterval(() => {
      const now = performance.now();
      at.value = Math.min(total, at.value + (now - last.current) * speed);
      last.current = now;
      if (at.value >= total) playing.value = false;
    }, 100);
    return () => clearInterval(beat);
  }, [playing.value, speed, total]);
  useEffect(() => { at.value = 0; playing.value = false; }, [total]);
  return {at, playing};
}

function Player({preview, routine, techniques, onStep}) {
  const speed = useSignal(10);
  const {at, playing} = usePlayer(preview.total_ms, speed.value);
  const step = preview.steps.findLast((each) => each.kind !== "heat" && each.at_ms <= at.value) ?? preview.steps[0];
  const of = routine.content.steps[step.routine_step];
  const water = preview.water.findLast((each) => each.at_ms <= at.value && at.value <= each.at_ms + each.duration_ms)?.target_c;
  const levels = preview.timeline.map((track) => ({track, level: levelAt(track, at.value)})).filter((each) => each.level > 0);
  useEffect(() => { if (playing.value) onStep?.(step.routine_step); }, [step.routine_step, playing.value]);
  const toggle = () => {
    if (at.value >= preview.total_ms) at.value = 0;
    playing.value = !playing.value;
  };
  return (
    <div class="player">
      <Timeline preview={preview} at={at.value} on={(i) => { at.value = preview.steps.find((each) => each.routine_step === i && each.kind !== "heat")?.at_ms ?? 0; onStep?.(i); }} />
      <div class="bar">
        <button class="primary" onClick={toggle}><Icon name={playing.value ? "pause" : "play"} /> {t(playing.value ? "trial.pause" : "trial.play")}</button>
        <input type="range" class="seek" min={0} max={preview.total_ms} step={1000} value={at.value} aria-label={t("trial.position")} aria-valuetext={clock(at.value)} onInput={(e) => { at.value = Number(e.currentTarget.value); }} />
        <b class="play-time">{clock(at.value)} / {clock(preview.total_ms)}</b>
        <Select aria-label={t("trial.speed")} value={speed.value} onPick={(value) => { speed.value = Number(value); }} of={SPEEDS} say={(each) => t("trial.times", {n: each})} />
      </div>
      {(playing.value || at.value > 0) && of && (
        <div class="player-now">
          <Body zones={zonesOf(of, techniques)} side={of.side} />
          <div>
            <h3>{step.routine_step + 1}. {techniqueName(step.technique, techniques)}</h3>
            {step.kind === "guide" && <p><Icon name="hand" /> {word("hands", "guided")}</p>}
            {step.instruction && <p>{said("instruction", step.instruction)}</p>}
            <ul class="levels">
              {levels.map(({track, level}) => <li key={track.actuator}>{word("actuator", track.kind)}, {word("zone", track.zone)} <meter min={0} max={100} value={level} aria-label={word("actuator", track.kind)} /> {level} %</li>)}
              {water && <li>{t("timeline.water")}: {celsius(water)}</li>}
            </ul>
          </div>
        </div>
      )}
    </div>
  );
}

const isFree = (d) => d.ready && d.fresh && d.mode === "idle" && !d.session && d.cleaning === "clean" && d.service === "in_service";

/* The simulated units of that model that the routine may be run on; the server takes a draft on no other. */
function Units({routine, model}) {
  const {busy, run: doing} = useAct();
  const units = deviceList().map((each) => each.value).filter((d) => d.simulated && d.model === model && (!routine.site_id || d.site_id === routine.site_id));
  if (!units.length || routine.state !== "draft" || !may("operate")) return null;
  const run = (d) => doing(async () => {
    const made = await post("/sessions", {device_id: d.id, routine: routine.slug, version: routine.version, intake: {none_apply: true}});
    go(`/sessions/${made.id}`);
  });
  const free = units.filter(isFree).sort((a, b) => a.name.localeCompare(b.name, undefined, {numeric: true}));
  return (
    <div class="trial-units">
      <h3>{t("trial.on_unit")}</h3>
      <p><small>{t(free.length ? "trial.on_unit_why" : "trial.no_unit")}</small></p>
      <div class="actions">{free.map((d) => <button key={d.id} disabled={busy.value} onClick={() => run(d)}><Icon name="play" /> {d.name}</button>)}</div>
    </div>
  );
}

/** stamp: changes when the draft was saved again. */
export function Trial({routine, models, techniques, onStep, onNotes, onRefused, stamp}) {
  const names = [...models.map((each) => each.id), "by-hand"];
  const model = useSignal(routine.models[0] ?? names[0]);
  const {data, error} = useLoad(async () => {
    onNotes?.([]);
    try {
      const preview = await post(`/routines/${routine.slug}/preview`, {model: model.value, version: routine.version});
      onNotes?.(preview.notes.map((each) => ({...each, model: preview.model})));
      onRefused?.(null);
      return preview;
    } catch (problem) {
      onRefused?.(problem);
      throw problem;
    }
  }, [routine.slug, routine.version, model.value, stamp]);
  return (
    <section class="card trial">
      <div class="heading"><h2>{t("trial.title")}</h2>
        <Chips label={t("trial.model")} is={model} of={names} say={(each) => word("model", each)} />
      </div>
      {error && (
        <div class="error" role="alert">{error.status ? problemWords(error).map((each) => <p key={each}>{each}</p>) : <p>{explain(error)}</p>}</div>
      )}
      {!data && !error && <Waiting />}
      {data && <Player key={`${model.value}-${stamp}`} preview={data} routine={routine} techniques={techniques} onStep={onStep} />}
      {data && <Units routine={routine} model={model.value} />}
      {data?.rinse && <p><small>{t("trial.rinse")}</small></p>}
      {data?.notes.filter((each) => each.routine_step === null).map((each) => <p key={each.code}><small>{noteWords(each, data.model)}</small></p>)}
    </section>
  );
}
