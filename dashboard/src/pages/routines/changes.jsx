// What changed from one version to another.
import {get} from "../../data/api.js";
import {catalogue} from "../../data/catalogue.js";
import {t, word} from "../../texts/index.js";
import {useLoad, Waiting} from "../../ui/load.jsx";
import {factsOf, pointerWords, techniqueName} from "./words.js";

function say(value, techniques) {
  if (value === undefined || value === null) return "–";
  if (value.technique) return [techniqueName(value.technique, techniques), ...factsOf(value, techniques)].join(", ");
  if (Array.isArray(value)) return value.map((each) => say(each, techniques)).join(", ") || "–";
  if (typeof value === "boolean") return t(value ? "yes" : "no");
  return techniques.has(value) ? techniqueName(value, techniques) : (/^[a-z0-9-]+$/.test(value) ? word("zone", value) : String(value));
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
            : <>{each.kind !== "added" && <del>{say(each.old, techniques)}</del>} {each.kind !== "removed" && <ins>{say(each.new, techniques)}</ins>}</>}
        </li>
      ))}
    </ul>
  );
}
