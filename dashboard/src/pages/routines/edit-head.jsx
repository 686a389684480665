// What a draft says of itself: name, summary, type, goals, what is done before and after.
import {named, t, word} from "../../texts/index.js";
import {Select} from "../../ui/choose.jsx";
import {Field} from "../../ui/field.jsx";
import {withValue} from "./draft.js";
import {GOALS, TYPES} from "./words.js";

const MOST_GOALS = 8;

const Several = ({name, values, chosen = [], most = values.length, label, set, error}) => (
  <fieldset>
    <legend>{t(`field.${name}`)}</legend>
    <div class="chosen">
      {values.map((each) => {
        const on = chosen.includes(each);
        return <button type="button" key={each} class="chip" aria-pressed={on} disabled={!on && chosen.length >= most}
          onClick={() => set(name, values.filter((other) => (other === each ? !on : chosen.includes(other))))}>{label(each)}</button>;
      })}
    </div>
    {error && <small class="error">{error}</small>}
  </fieldset>
);

export function EditHead({head, put, care, errors}) {
  const set = (name, value) => put(withValue(head, name, value), name);
  const careOf = (phase) => [...care.values()].filter((each) => each.phase === phase).map((each) => each.id);
  const careName = (id) => named("care", id, care.get(id)?.name);
  return (
    <section class="card edit-head">
      <div>
        <Field label={t("field.name")} required maxLength={80} value={head.name} error={errors.name} onText={(text) => put({...head, name: text}, "name")} />
        <Field label={t("field.summary")} error={errors.summary}>{(attributes) => (
          <textarea {...attributes} maxLength={400} value={head.summary ?? ""} onInput={(e) => set("summary", e.currentTarget.value)} />
        )}</Field>
        <Field label={t("field.type")} error={errors.type}>{(own) => <Select {...own} value={head.type} onPick={(value) => set("type", value)} of={TYPES} say={(each) => word("type", each)} />}</Field>
      </div>
      <details open={matchMedia("(min-width: 700px)").matches}>
        <summary class="tap">{t("editor.head_more")}</summary>
        <Several name="goals" values={GOALS} chosen={head.goals} most={MOST_GOALS} label={(each) => word("goal", each)} set={set} error={errors.goals} />
        <Several name="preparations" values={careOf("before")} chosen={head.preparations} label={careName} set={set} error={errors.preparations} />
        <Several name="aftercare" values={careOf("after")} chosen={head.aftercare} label={careName} set={set} error={errors.aftercare} />
      </details>
    </section>
  );
}
