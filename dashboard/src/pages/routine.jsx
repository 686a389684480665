// One routine: its steps with what they touch, what each actuator does, its versions, and what can be done with it.
import {useSignal} from "@preact/signals";
import {get, post} from "../data/api.js";
import {catalogue} from "../data/catalogue.js";
import {dateTime, minutes} from "../format.js";
import {go, may} from "../routes.js";
import {named, said, t, word} from "../texts/index.js";
import {noteWords} from "../texts/told.js";
import {Back} from "../ui/back.jsx";
import {Body} from "../ui/body.jsx";
import {Dialog} from "../ui/dialog.jsx";
import {FormDialog} from "../ui/form.jsx";
import {Icon} from "../ui/icon.jsx";
import {useLoad, Waiting} from "../ui/load.jsx";
import {useAct} from "../ui/task.jsx";
import {say} from "../ui/toast.jsx";
import {Changes} from "./routines/changes.jsx";
import {CopyRoutine, draftOf} from "./routines/new.jsx";
import {Trial} from "./routines/trial.jsx";
import {factsOf, techniqueName, zonesOf} from "./routines/words.js";

/** The version that is asked for, or the one that is offered, or the newest. */
async function read(slug, wanted) {
  const [versions, techniques, models, care] = await Promise.all([
    get(`/routines/${slug}/versions`, {limit: 200}), catalogue("techniques"), get("/models", {limit: 200}), catalogue("preparations")]);
  const version = Number(wanted) || (versions.items.find((each) => each.state !== "draft") ?? versions.items[0]).version;
  return {routine: await get(`/routines/${slug}/versions/${version}`), versions: versions.items, techniques, models: models.items, care};
}

export function Steps({steps, techniques, chosen, onChoose, notes = []}) {
  return (
    <ol class="steps">
      {steps.map((step, i) => (
        <li key={i}>
          <button class="step" aria-pressed={chosen === i} onClick={() => onChoose(i)}>
            <i>{i + 1}</i>
            <span><b>{techniqueName(step.technique, techniques)}</b>
              <small>{zonesOf(step, techniques).map((each) => word("zone", each)).join(", ")}</small>
              <span class="facts">{factsOf(step, techniques).map((each) => <span key={each}>{each}</span>)}</span>
              {step.instruction && <span class="step-words">{said("instruction", step.instruction)}</span>}
              {notes.filter((each) => each.routine_step === i).map((each) => <small class="note" key={each.detail}>{noteWords(each, each.model)}</small>)}
            </span>
          </button>
        </li>
      ))}
    </ol>
  );
}

function Versions({slug, versions, shown}) {
  const pair = useSignal(null);
  return (
    <section class="card">
      <h2>{t("routine.versions")}</h2>
      <div class="scroll"><table>
        <thead><tr><th>{t("routine.version")}</th><th>{t("routine.state")}</th><th>{t("routine.when")}</th><th>{t("routine.time")}</th><th /></tr></thead>
        <tbody>{versions.map((each, i) => (
          <tr key={each.version} aria-current={each.version === shown ? "true" : undefined}>
            <td><a class="tap" href={`#/routines/${slug}?version=${each.version}`}>{t("routine.number", {number: each.version})}</a></td>
            <td>{word("routine_state", each.state)}</td><td>{dateTime(each.published_at ?? each.created_at)}</td><td>{t("routines.minutes", {n: minutes(each.duration_s)})}</td>
            <td>{versions[i + 1] && <button onClick={() => { pair.value = {from: versions[i + 1].version, to: each.version}; }}>{t("routine.changes")}</button>}</td>
          </tr>
        ))}</tbody>
      </table></div>
      {pair.value && <Dialog wide title={t("routine.from_to", pair.value)} onClose={() => { pair.value = null; }}><Changes slug={slug} {...pair.value} /></Dialog>}
    </section>
  );
}

const Retire = ({routine, onClose, onDone}) => (
  <FormDialog title={t("routine.retire")} act={t("routine.retire")} danger onClose={onClose} send={async () => {
    await post(`/routines/${routine.slug}/versions/${routine.version}/retire`);
    say(t("routine.retired"));
    onDone();
  }}>
    {() => <p>{t("routine.retire_words", {name: routine.name})}</p>}
  </FormDialog>
);

function Acts({routine, onChanged}) {
  const asked = useSignal(""), {busy, run} = useAct();
  const edit = () => run(async () => {
    await draftOf(routine);
    go(`/routines/${routine.slug}/edit`);
  });
  const close = () => { asked.value = ""; };
  return (
    <>
      <a class="button" href={`/api/v1/routines/${routine.slug}/versions/${routine.version}/export`} download={`${routine.slug}.json`}><Icon name="download" /> {t("routines.export")}</a>
      {may("manage") && <button onClick={() => { asked.value = "copy"; }}>{t("routine.copy")}</button>}
      {may("manage") && routine.state === "published" && <button onClick={() => { asked.value = "retire"; }}>{t("routine.retire")}</button>}
      {may("manage") && <button class="primary" disabled={busy.value} onClick={edit}><Icon name="edit" /> {t("edit")}</button>}
      {asked.value === "copy" && <CopyRoutine routine={routine} onClose={close} />}
      {asked.value === "retire" && <Retire routine={routine} onClose={close} onDone={onChanged} />}
    </>
  );
}

const Care = ({title, ids, care}) => ids?.length > 0 && (
  <section class="card"><h2>{title}</h2><ul class="care">{ids.map((each) => <li key={each}><b>{named("care", each, care.get(each)?.name)}</b><br /><small>{named("care_words", each, care.get(each)?.words)}</small></li>)}</ul></section>
);

export default function Routine({slug, query}) {
  const wanted = query.get("version");
  const {data, error, again} = useLoad(() => read(slug, wanted), [slug, wanted]);
  const chosen = useSignal(0), notes = useSignal([]);
  if (!data) return <Waiting error={error} again={again} />;
  const {routine, versions, techniques, models, care} = data;
  const {steps, summary, preparations, aftercare} = routine.content;
  const step = steps[chosen.value] ?? steps[0];
  return (
    <div class="routine">
      <div class="heading">
        <Back to="#/routines" />
        <h1>{said("routine_name", routine.name)} {routine.state !== "published" && <span class="badge">{word("routine_state", routine.state)}</span>}</h1>
        <Acts routine={routine} onChanged={again} />
      </div>
      <p class="facts"><span>{t("routines.minutes", {n: minutes(routine.duration_s)})}</span><span>{word("hands", routine.hands)}</span><span>{word("type", routine.type)}</span>
        {routine.goals.map((each) => <span key={each}>{word("goal", each)}</span>)}<span>{t("routine.number", {number: routine.version})}</span></p>
      {summary && <p class="summary">{said("summary", summary)}</p>}
      <div class="routine-body">
        <Steps steps={steps} techniques={techniques} chosen={chosen.value} notes={notes.value} onChoose={(i) => { chosen.value = i; }} />
        <aside class="card lit"><Body zones={zonesOf(step, techniques)} side={step.side} /><p>{said("technique_words", techniques.get(step.technique)?.words)}</p></aside>
      </div>
      <Trial routine={routine} models={models} techniques={techniques} onStep={(i) => { chosen.value = i; }} onNotes={(list) => { notes.value = list; }} />
      <div class="two"><Care title={t("field.preparations")} ids={preparations} care={care} /><Care title={t("field.aftercare")} ids={aftercare} care={care} /></div>
      <Versions slug={slug} versions={versions} shown={routine.version} />
    </div>
  );
}
