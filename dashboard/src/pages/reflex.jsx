// The reflex map: what tradition sees where on the foot. A point lights its zones, a zone names its points.
import {useSignal} from "@preact/signals";
import {catalogue} from "../data/catalogue.js";
import {named, said, t, word} from "../texts/index.js";
import {Back} from "../ui/back.jsx";
import {Body, PART_OF} from "../ui/body.jsx";
import {Icon} from "../ui/icon.jsx";
import {useLoad, Waiting} from "../ui/load.jsx";

const isIn = (zone, whole) => zone === whole || (zone in PART_OF && isIn(PART_OF[zone], whole));
const meets = (a, b) => isIn(a, b) || isIn(b, a);
const sideOf = ({points}) => (points.every((each) => each.side === points[0].side) ? points[0].side : "both");
const matches = (entry, {zone, side}) => entry.points.some((each) => meets(each.zone, zone) && (each.side === "both" || side === "both" || each.side === side));
const placeOf = (entry) => entry.points.map((each) => (each.side === "both" ? word("zone", each.zone) : t(`body.${each.side}_zone`, {zone: word("zone", each.zone)}))).join("; ");

const nameOf = ({id, name}) => named("reflex", id, name);

export default function Reflex() {
  const {data, error, again} = useLoad(() => catalogue("reflex-points"), []);
  const chosen = useSignal(null), touched = useSignal(null);
  if (!data) return <Waiting error={error} again={again} />;
  const entries = [...data.values()];
  const entry = data.get(chosen.value);
  const here = touched.value ? entries.filter((each) => matches(each, touched.value)) : entries;
  const pick = (zone, side) => {
    const same = touched.value?.zone === zone && touched.value?.side === side;
    touched.value = same ? null : {zone, side};
    chosen.value = null;
  };
  const lit = entry ? entry.points.map((each) => each.zone) : touched.value ? [touched.value.zone] : [];
  const side = entry ? sideOf(entry) : touched.value?.side ?? "both";
  const where = touched.value && (touched.value.side === "both" ? word("zone", touched.value.zone) : t(`body.${touched.value.side}_zone`, {zone: word("zone", touched.value.zone)}));
  return (
    <div class="reflex">
      <div class="heading">
        <Back to="#/routines" />
        <h1>{t("menu.reflex")}</h1>
      </div>
      <p class="notice">{t("reflex.tradition")}</p>
      <div class="routine-body">
        <section class="card lit"><Body views={["sole"]} zones={lit} side={side} onPick={pick} /><p><small>{t("reflex.touch")}</small></p></section>
        <section class="card" aria-live="polite">
          <div class="heading"><h2>{where ?? t("reflex.all")}</h2>{touched.value && <button onClick={() => { touched.value = null; }}><Icon name="cross" /> {t("reflex.show_all")}</button>}</div>
          {here.length === 0 && <p>{t("reflex.none")}</p>}
          <ul class="points">
            {here.map((each) => (
              <li key={each.id}>
                <button class="step" aria-pressed={chosen.value === each.id} onClick={() => { chosen.value = chosen.value === each.id ? null : each.id; }}>
                  <span><b>{nameOf(each)}</b><small>{placeOf(each)}</small>{chosen.value === each.id && <span>{said("reflex_words", each.words)}</span>}
                    {chosen.value === each.id && <span class="facts"><span>{word("claim", each.claim)}</span></span>}</span>
                </button>
              </li>
            ))}
          </ul>
        </section>
      </div>
    </div>
  );
}
