// All routines: found by words, goal, type, time and who does it; new ones begin here.
import {signal, useSignal} from "@preact/signals";
import {useEffect, useRef} from "preact/hooks";
import {all, get} from "../data/api.js";
import {finder, minutes} from "../format.js";
import {may} from "../routes.js";
import {language, said, t, word} from "../texts/index.js";
import {Search, Select} from "../ui/choose.jsx";
import {Icon} from "../ui/icon.jsx";
import {useLoad, Waiting} from "../ui/load.jsx";
import {Failed} from "../ui/task.jsx";
import {explain} from "../ui/toast.jsx";
import {ImportRoutines, NewRoutine} from "./routines/new.jsx";
import {GOALS, HANDS, TYPES} from "./routines/words.js";

const TIMES = {10: {duration_max_s: 600}, 20: {duration_min_s: 601, duration_max_s: 1200}, 40: {duration_min_s: 1201, duration_max_s: 2400}, 120: {duration_min_s: 2401}};
const PAGE = 60;

// They stay while other pages are looked at.
const find = signal(""), filters = signal({goal: "", type: "", time: "", hands: "", model: "", state: ""});

const Choice = ({name, values, say}) => (
  <Select aria-label={t(`routines.by_${name}`)} none={t(`routines.any_${name}`)} of={values} say={say} value={filters.value[name]} onPick={(value) => { filters.value = {...filters.value, [name]: value}; }} />
);

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
        <Search label={t("routines.find")} is={find} maxLength={200} />
        <Choice name="goal" values={GOALS} say={(each) => word("goal", each)} />
        <Choice name="type" values={TYPES} say={(each) => word("type", each)} />
        <Choice name="time" values={Object.keys(TIMES)} say={(each) => t(`routines.time_${each}`)} />
        <Choice name="hands" values={HANDS} say={(each) => word("hands", each)} />
        <Choice name="model" values={[...(models?.items ?? []).map((each) => each.id), "by-hand"]} say={(each) => word("model", each)} />
        {may("manage") && <Choice name="state" values={["draft", "retired"]} say={(each) => word("routine_state", each)} />}
        {narrowed && <button onClick={clear}><Icon name="cross" /> {t("routines.clear")}</button>}
      </div>
      <Failed of={error}>{explain(error)} <button onClick={() => read()}>{t("load.again")}</button></Failed>
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
