// What to do before: the routine's checklist with the oil's recipe and the additive, limits on wish, and the start.
import {useSignal} from "@preact/signals";
import {get} from "../../data/api.js";
import {celsius, minutes, percent} from "../../format.js";
import {said, t, word} from "../../texts/index.js";
import {Body} from "../../ui/body.jsx";
import {Chips, Select} from "../../ui/choose.jsx";
import {Icon} from "../../ui/icon.jsx";
import {Waiting} from "../../ui/load.jsx";
import {Unread, useRead} from "../../ui/read.jsx";
import {Failed} from "../../ui/task.jsx";
import {Verdict} from "./verdict.jsx";

const entries = async (kind, siteId) => (await get(`/catalogue/${kind}`, {site_id: siteId})).items.map((each) => each.content);

const Choice = ({label, ...choice}) => <label class="inline-choice">{label}<Select {...choice} /></label>;

const oilName = (each) => word("oil", each);

/* One base and one essence is what nearly everybody mixes; more essences go into the session's checklist. */
function Oil({recipe, value, onChange}) {
  const drops = Array.from({length: recipe.drops_max - recipe.drops_min + 1}, (_, i) => recipe.drops_min + i);
  const [first] = value.essences;
  return (
    <div class="recipe">
      <Choice label={t("start.oil_base", {n: recipe.base_tsp})} say={oilName} value={value.base} of={recipe.bases} onPick={(base) => onChange({...value, base})} />
      <Choice label={t("start.oil_essence")} say={oilName} value={first.essence} of={recipe.essences} onPick={(essence) => onChange({...value, essences: [{...first, essence}]})} />
      <Choice label={t("start.oil_drops")} say={String} value={first.drops} of={drops} onPick={(n) => onChange({...value, essences: [{...first, drops: Number(n)}]})} />
    </div>
  );
}

const firstMix = (recipe) => ({recipe: recipe.id, base: recipe.bases[0], base_tsp: recipe.base_tsp, essences: [{essence: recipe.essences[0], drops: recipe.drops_min}]});

/** onStart({preparations, details, intensity_max, water_max_c}); blocked: why it cannot be started now, with what to do. */
export function Prepare({site, state, today, busy, blocked, problem, modelWaterMax, onChange, onAgain, onBack, onStart}) {
  const oil = useSignal(null), additive = useSignal(null);
  const strength = useSignal(""), water = useSignal("");
  const {slug} = state.routine;
  const read = useRead(async () => {
    const [routine, items, [recipe], additives] = await Promise.all([get(`/routines/${slug}`), entries("preparations", site.id), entries("oil-recipes", site.id), entries("additives", site.id)]);
    const wanted = new Set(routine.content.preparations ?? []);
    const taken = new Set(routine.content.steps.flatMap((each) => each.additives ?? []));
    if (wanted.has("oil") && recipe) oil.value = firstMix(recipe);
    return {
      items: (routine.content.preparations ?? []).map((id) => items.find((each) => each.id === id)).filter(Boolean), recipe,
      additives: additives.filter((each) => taken.has(each.id)), zones: [...new Set(routine.content.steps.flatMap((each) => each.zones ?? []))],
      warm: routine.content.steps.some((each) => each.water_c),
    };
  }, [slug, site.id]);
  const {judged} = state;
  if (!read.value) return <Unread of={read} />;
  if (!judged) return problem ? <Failed of={problem} /> : <Waiting />;
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
                  {each.id === "additive" && <Chips label={said("care", each.name)} is={additive} of={[null, ...additives.map((one) => one.id)]} say={(id) => (id ? word("additive", id) : t("start.without"))} />}
                </li>
              ))}
            </ol>
            <div class="recipe">
              <Choice label={t("start.strength")} is={strength} none={t("start.as_routine")} of={[30, 50, 70].filter((each) => each < judged.caps.intensity_max)} say={(each) => t("start.most", {value: percent(each)})} />
              {warm && <Choice label={t("start.water")} is={water} none={t("start.as_routine")} of={[34, 36, 38, 40].filter((each) => each < warmest)} say={(each) => t("start.most", {value: celsius(each, 0)})} />}
            </div>
          </section>
        )}
        {blocked}
        <Failed of={problem} />
        {!lacks && <button class="primary begin" disabled={busy || !!blocked} onClick={start}><Icon name="play" /> {t("start.begin")}</button>}
      </div>
    </div>
  );
}
