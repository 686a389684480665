// What changed from one version to another.
import {get} from "../../data/api.js";
import {catalogue} from "../../data/catalogue.js";
import {said, t, word} from "../../texts/index.js";
import {useLoad, Waiting} from "../../ui/load.jsx";
import {factsOf, pointerWords, techniqueName} from "./words.js";

/* Where the words for a property's values stand. */
const GROUPS = {
  name: "routine_name", summary: "summary", instruction: "instruction", type: "type", goals: "goal", preparations: "care", aftercare: "care",
  zones: "zone", side: "body", direction: "direction", additives: "additive", mode: "hands", ends: "ends",
};
const groupOf = (pointer) => GROUPS[pointer.split("/").findLast((each) => each in GROUPS)];

function say(value, techniques, group) {
  if (value === undefined || value === null) return "–";
  if (value.technique) return [techniqueName(value.technique, techniques), ...factsOf(value, techniques)].join(", ");
  if (Array.isArray(value)) return value.map((each) => say(each, techniques, group)).join(", ") || "–";
  if (typeof value === "boolean") return t(value ? "yes" : "no");
  if (techniques.has(value)) return techniqueName(value, techniques);
  return group && /^[a-z0-9-]+$/.test(value) ? word(group, value) : said(group, String(value));
}

export function Changes({slug, from, to}) {
  const {data, error, again} = useLoad(() => Promise.all([get(`/routines/${slug}/diff`, {from, to}), catalogue("techniques")]), [slug, from, to]);
  if (!data) return <Waiting error={error} again={again} />;
  const [{changes}, techniques] = data;
  if (!changes.length) return <p>{t("routine.no_changes")}</p>;
  return (
    <ul class="changes">
      {changes.map((each) => (
        <li key={`${each.pointer}${each.old_pointer}${each.kind}`} class={`change-${each.kind}`}>
          <b>{pointerWords(each.pointer ?? each.old_pointer)}</b> <span class="badge">{word("change", each.kind)}</span><br />
          {each.kind === "moved" ? t("routine.moved_from", {step: pointerWords(each.old_pointer)})
            : <>{each.kind !== "added" && <del>{say(each.old, techniques, groupOf(each.pointer ?? each.old_pointer))}</del>} {each.kind !== "removed" && <ins>{say(each.new, techniques, groupOf(each.pointer))}</ins>}</>}
        </li>
      ))}
    </ul>
  );
}
