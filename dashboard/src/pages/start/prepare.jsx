// What to do before: the routine's checklist with the oil's recipe and the additive, limits on wish, and the start.
import {useSignal} from "@preact/signals";
import {useEffect} from "preact/hooks";
import {get} from "../../data/api.js";
import {celsius, minutes, percent} from "../../format.js";
import {said, t, word} from "../../texts/index.js";
import {Body} from "../../ui/body.jsx";
import {Icon} from "../../ui/icon.jsx";
import {explain} from "../../ui/toast.jsx";
import {Verdict} from "./verdict.jsx";

const entries = async (kind, siteId) => (await get(`/catalogue/${kind}`, {site_id: siteId})).items.map((each) => each.content);

function Choice({label, value, options, group, onChange}) {
  return (
    <label class="inline-choice">{label}
      <select value={value} onChange={(e) => onChange(e.currentTarget.value)}>{options.map((each) => <option key={each} value={each}>{group ? word(group, each) : each}</option>)}</select>
    </label>
  );
}

/* One base and one essence is what nearly everybody mixes; more essences go into the session's checklist. */
function Oil({recipe, value, onChange}) {
  const drops = Array.from({length: recipe.drops_max - recipe.drops_min + 1}, (_, i) => recipe.drops_min + i);
  const [first] = value.essences;
  return (
    <div class="recipe">
      <Choice label={t("start.oil_base", {n: recipe.base_tsp})} group="oil" value={value.base} options={recipe.bases} onChange={(base) => onChange({...value, base})} />
      <Choice label={t("start.oil_essence")} group="oil" value={first.essence} options={recipe.essences} onChange={(essence) => onChange({...value, essences: [{...first, essence}]})} />
      <Choice label={t("start.oil_drops")} value={first.drops} options={drops} onChange={(n) => onChange({...value, essences: [{...first, drops: Number(n)}]})} />
    </div>
  );
}

const firstMix = (recipe) => ({recipe: recipe.id, base: recipe.bases[0], base_tsp: recipe.base_tsp, essences: [{essence: recipe.essences[0], drops: recipe.drops_min}]});

/** onStart({preparations, details, intensity_max, water_max_c}); blocked: why it cannot be started now, with what to do. */
export function Prepare({site, state, today, busy, blocked, problem, modelWaterMax, onChange, onAgain, onBack, onStart}) {
  const read = useSignal(null), failed = useSignal(null), oil = useSignal(null), additive = useSignal(null);
  const strength = useSignal(""), water = useSignal("");
  const {slug} = state.routine;
  useEffect(() => {
    Promise.all([get(`/routines/${slug}`), entries("preparations", site.id), entries("oil-recipes", site.id), entries("additives", site.id)]).then(([routine, items, [recipe], additives]) => {
      const wanted = new Set(routine.content.preparations ?? []);
      const taken = new Set(routine.content.steps.flatMap((each) => each.additives ?? []));
      read.value = {
        items: (routine.content.preparations ?? []).map((id) => items.find((each) => each.id === id)).filter(Boolean), recipe,
        additives: additives.filter((each) => taken.has(each.id)), zones: [...new Set(routine.content.steps.flatMap((each) => each.zones ?? []))],
        warm: routine.content.steps.some((each) => each.water_c),
      };
      if (wanted.has("oil") && recipe) oil.value = firstMix(recipe);
    }, (error) => { failed.value = error; });
  }, [slug, site.id]);
  const {judged} = state;
  if (failed.value) return <p class="error" role="alert">{explain(failed.value)}</p>;
  if (!read.value || !judged) return problem ? <p class="error" role="alert">{explain(problem)}</p> : <div class="waiting" aria-busy="true" />;
  const lacks = judged.outcome === "refused" || judged.needs.length > 0 || judged.warnings.length > 0;
  const {items, recipe, additives, zones, warm} = read.value;
  const start = () => onStart({
    preparations: items.map((each) => each.id).filter((id) => id !== "additive" || additive.value),
    details: [oil.value && {item: "oil", detail: {oil: oil.value}}, additive.value && {item: "additive", detail: {additive: additive.value}}].filter(Boolean),
    intensity_max: strength.value ? Number(strength.value) : undefined,
    water_max_c: water.value ? Number(water.value) : undefined,
  });
  const warmest = Math.floor(Math.min(judged.caps.water_max_c, modelWaterMax ?? 43));
  return (
    <div class="prepare">
      <section class="card">
        <h2>{said("routine_name", state.routine.name)}</h2>
        <p class="soft">{t("start.minutes", {n: minutes(state.routine.duration_s)})} · {word("hands", state.routine.hands)}</p>
        {zones.length > 0 && <Body zones={zones} />}
      </section>
      <div>
        {(judged.outcome !== "cleared" || lacks) && <Verdict record={judged} state={state} today={today} busy={busy} onChange={onChange} onAgain={onAgain} />}
        {judged.outcome === "refused" && <button onClick={onBack}><Icon name="back" /> {t("start.other_routine")}</button>}
        {!lacks && (
          <section class="card">
            <h2>{t("start.prepare")}</h2>
            <ol class="checklist">
              {items.map((each) => (
                <li key={each.id}>
                  <b>{said("care", each.name)}</b>{each.id === "skin-check" && <span class="badge-good"><Icon name="check" /> {t("done")}</span>}
                  <p>{said("care_words", each.words)}</p>
                  {each.id === "oil" && oil.value && <Oil recipe={recipe} value={oil.value} onChange={(value) => { oil.value = value; }} />}
                  {each.id === "additive" && <div class="chips" role="group" aria-label={said("care", each.name)}>
                    <button class="chip" aria-pressed={!additive.value} onClick={() => { additive.value = null; }}>{t("start.without")}</button>
                    {additives.map((one) => <button key={one.id} class="chip" aria-pressed={additive.value === one.id} onClick={() => { additive.value = one.id; }}>{word("additive", one.id)}</button>)}</div>}
                </li>
              ))}
            </ol>
            <div class="recipe">
              <label class="inline-choice">{t("start.strength")}<select value={strength.value} onChange={(e) => { strength.value = e.currentTarget.value; }}>
                <option value="">{t("start.as_routine")}</option>{[30, 50, 70].filter((each) => each < judged.caps.intensity_max).map((each) => <option key={each} value={each}>{t("start.most", {value: percent(each)})}</option>)}</select></label>
              {warm && <label class="inline-choice">{t("start.water")}<select value={water.value} onChange={(e) => { water.value = e.currentTarget.value; }}>
                <option value="">{t("start.as_routine")}</option>{[34, 36, 38, 40].filter((each) => each < warmest).map((each) => <option key={each} value={each}>{t("start.most", {value: celsius(each, 0)})}</option>)}</select></label>}
            </div>
          </section>
        )}
        {blocked}
        {problem && <p class="error" role="alert">{explain(problem)}</p>}
        {!lacks && <button class="primary begin" disabled={busy || !!blocked} onClick={start}><Icon name="play" /> {t("start.begin")}</button>}
      </div>
    </div>
  );
}
