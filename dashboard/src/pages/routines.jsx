// All routines: found by words, goal, type, time and who does it; new ones begin here.
import {signal, useSignal} from "@preact/signals";
import {useEffect, useRef} from "preact/hooks";
import {all, get} from "../data/api.js";
import {finder, minutes} from "../format.js";
import {may} from "../routes.js";
import {language, said, t, word} from "../texts/index.js";
import {Icon} from "../ui/icon.jsx";
import {useLoad, Waiting} from "../ui/load.jsx";
import {explain} from "../ui/toast.jsx";
import {ImportRoutines, NewRoutine} from "./routines/new.jsx";
import {GOALS, HANDS, TYPES} from "./routines/words.js";

const TIMES = {10: {duration_max_s: 600}, 20: {duration_min_s: 601, duration_max_s: 1200}, 40: {duration_min_s: 1201, duration_max_s: 2400}, 120: {duration_min_s: 2401}};
const PAGE = 60;

// They stay while other pages are looked at.
const find = signal(""), filters = signal({goal: "", type: "", time: "", hands: "", model: "", state: ""});

function Choice({name, values, group}) {
  return (
    <select aria-label={t(`routines.by_${name}`)} value={filters.value[name]} onChange={(e) => { filters.value = {...filters.value, [name]: e.currentTarget.value}; }}>
      <option value="">{t(`routines.any_${name}`)}</option>
      {values.map((each) => <option key={each} value={each}>{typeof group === "function" ? group(each) : word(group, each)}</option>)}
    </select>
  );
}

function Card({routine}) {
  return (
    <a class="card routine-tile" href={`#/routines/${routine.slug}${routine.state === "published" ? "" : `?version=${routine.version}`}`}>
      <header><h2>{said("routine_name", routine.name)}</h2><b class="routine-time">{t("routines.minutes", {n: minutes(routine.duration_s)})}</b></header>
      {routine.state !== "published" && <span class="badge">{word("routine_state", routine.state)}</span>}
      <p>{said("summary", routine.summary)}</p>
      <footer>
        <span class="pill"><Icon name={routine.hands === "device" ? "device" : "hand"} /> {word("hands", routine.hands)}</span>
        <span>{word("type", routine.type)}</span>
        <span>{routine.goals.map((each) => word("goal", each)).join(", ")}</span>
      </footer>
    </a>
  );
}

/* The server finds English words; those of another language are only here. */
async function foundHere({q, ...params}) {
  const fits = finder(q), items = await all("/routines", params);
  return {items: items.filter(({name, summary, goals, type}) => fits([name, said("routine_name", name), said("summary", summary), word("type", type), ...goals.map((each) => word("goal", each))].join(" ")))};
}

/** The first page is read anew with every filter; further ones are added on demand. */
function useFound(params) {
  const found = useSignal({});
  const turn = useRef(0);
  const read = async (cursor) => {
    const mine = ++turn.current;
    found.value = {...found.value, busy: true};
    try {
      const page = params.q && language.value !== "en" ? await foundHere(params) : await get("/routines", {limit: PAGE, ...params, cursor});
      if (mine === turn.current) found.value = {items: [...(cursor ? found.value.items : []), ...page.items], next: page.next_cursor};
    } catch (error) {
      if (mine === turn.current) found.value = {...found.value, busy: false, error};
    }
  };
  useEffect(() => {
    const soon = setTimeout(read, params.q ? 250 : 0);
    return () => { clearTimeout(soon); turn.current++; };
  }, [JSON.stringify(params)]);
  return {...found.value, read};
}

export default function Routines() {
  const asked = useSignal("");
  const {data: models} = useLoad(() => get("/models", {limit: 200}), []);
  const {goal, type, time, hands, model, state} = filters.value;
  const params = {q: find.value.trim(), goal, type, hands, model, state, ...TIMES[time]};
  const {items, next, error, busy, read} = useFound(params);
  const narrowed = find.value || Object.values(filters.value).some(Boolean);
  const clear = () => { find.value = ""; filters.value = Object.fromEntries(Object.keys(filters.value).map((each) => [each, ""])); };
  const query = new URLSearchParams(Object.entries(params).filter(([, value]) => value)).toString();
  return (
    <div class="routines">
      <div class="heading">
        <h1>{t("menu.routines")}</h1>
        <a class="button" href="#/reflex"><Icon name="hand" /> {t("menu.reflex")}</a>
        {may("manage") && <button onClick={() => { asked.value = "import"; }}>{t("routines.import")}</button>}
        <a class="button" href={`/api/v1/routines/export?${query}`} download="routines.json"><Icon name="download" /> {t("routines.export")}</a>
        {may("manage") && <button class="primary" onClick={() => { asked.value = "new"; }}><Icon name="plus" /> {t("routines.new")}</button>}
      </div>
      <div class="bar">
        <label class="search"><Icon name="search" /><input type="search" maxLength={200} aria-label={t("routines.find")} placeholder={t("routines.find")} value={find.value} onInput={(e) => { find.value = e.currentTarget.value; }} /></label>
        <Choice name="goal" values={GOALS} group="goal" />
        <Choice name="type" values={TYPES} group="type" />
        <Choice name="time" values={Object.keys(TIMES)} group={(each) => t(`routines.time_${each}`)} />
        <Choice name="hands" values={HANDS} group="hands" />
        <Choice name="model" values={[...(models?.items ?? []).map((each) => each.id), "by-hand"]} group="model" />
        {may("manage") && <Choice name="state" values={["draft", "retired"]} group="routine_state" />}
        {narrowed && <button onClick={clear}><Icon name="cross" /> {t("routines.clear")}</button>}
      </div>
      {error && <p class="error" role="alert">{explain(error)} <button onClick={() => read()}>{t("load.again")}</button></p>}
      {!items && !error && <Waiting />}
      {items && <p class="hidden" role="status">{t("routines.found", {n: items.length})}</p>}
      {items?.length === 0 && <p class="empty">{t("routines.none")}</p>}
      <div class="routine-tiles" aria-busy={busy}>{items?.map((each) => <Card key={`${each.slug}-${each.version}`} routine={each} />)}</div>
      {next && <p class="more"><button disabled={busy} onClick={() => read(next)}>{t("routines.more")}</button></p>}
      {asked.value === "new" && <NewRoutine onClose={() => { asked.value = ""; }} />}
      {asked.value === "import" && <ImportRoutines onClose={() => { asked.value = ""; }} onDone={() => read()} />}
    </div>
  );
}
