// Which routine: the course's next session first, then what this guest had, then what fits; what cannot run says why.
import {useSignal} from "@preact/signals";
import {all} from "../../data/api.js";
import {minutes, percent} from "../../format.js";
import {said, t, word} from "../../texts/index.js";
import {Chips, Select} from "../../ui/choose.jsx";
import {Icon} from "../../ui/icon.jsx";
import {Unread, useRead} from "../../ui/read.jsx";
import {Failed} from "../../ui/task.jsx";
import {obstacle} from "./flow.js";
import {Verdict} from "./verdict.jsx";

const TIMES = [10, 20, 40];

function Card({routine, why, first, busy, onChoose}) {
  const told = why && t(why[0], {...why[1], ...(why[1].models && {models: why[1].models.map((each) => word("model", each)).join(", ")})});
  return (
    <button class={`routine-card${first ? " choice-due" : ""}`} disabled={busy || !!why} onClick={onChoose}>
      <span class="routine-head"><b>{said("routine_name", routine.name)}</b><span>{t("start.minutes", {n: minutes(routine.duration_s)})}</span></span>
      {first && <span class="badge">{first}</span>}
      <span class="routine-words">{told ?? said("summary", routine.summary)}</span>
      <small><Icon name={routine.hands === "device" ? "device" : "hand"} /> {word("hands", routine.hands)} · {routine.goals.map((each) => word("goal", each)).join(", ")}</small>
    </button>
  );
}

export function Routine({site, state, model, busy, problem, last, today, onChange, onAgain, onChoose}) {
  const goal = useSignal(""), most = useSignal(0);
  const list = useRead(async () => (await all("/routines")).filter((each) => !each.site_id || each.site_id === site.id), [site.id]);
  if (!list.value) return <Unread of={list} />;
  const {course, screening} = state;
  const goals = [...new Set(list.value.flatMap((each) => each.goals))].sort();
  const rank = (each) => (course?.routine === each.slug ? 0 : last === each.slug ? 1 : 2);
  const shown = list.value.filter((each) => (!goal.value || each.goals.includes(goal.value)) && (!most.value || each.duration_s <= most.value * 60))
    .map((routine) => ({routine, why: obstacle(routine, model, screening?.caps)}))
    .sort((a, b) => !!a.why - !!b.why || rank(a.routine) - rank(b.routine) || said("routine_name", a.routine.name).localeCompare(said("routine_name", b.routine.name)));
  const next = course?.progress.next;
  const firstWord = (routine) => {
    if (course?.routine === routine.slug && next) return t("start.course_next", {number: next.number, name: said("template", course.name), value: percent(next.intensity)});
    return last === routine.slug ? t("start.last_time") : "";
  };
  return (
    <>
      {screening && <Verdict record={screening} state={state} today={today} busy={busy} onChange={onChange} onAgain={onAgain} />}
      {state.reused && <p class="soft">{t("start.reused")} <button class="plain link" onClick={() => onChange({step: "questions", reused: false, skin: false, answers: {}, acknowledged: [], clearances: {}, screening: null})}>{t("start.ask_again")}</button></p>}
      <Failed of={problem} />
      <div class="bar">
        <Chips label={t("start.goal")} of={["", ...goals]} say={(each) => (each ? word("goal", each) : t("start.all"))} value={goal.value} onPick={(each) => { goal.value = goal.value === each ? "" : each; }} />
        <Select aria-label={t("start.time")} of={[0, ...TIMES]} say={(each) => (each ? t("start.at_most", {n: each}) : t("start.any_time"))} value={most.value} onPick={(value) => { most.value = Number(value); }} />
      </div>
      <div class="routine-cards">
        {shown.map(({routine, why}) => <Card key={routine.slug} routine={routine} why={why} busy={busy} first={firstWord(routine)}
          onChoose={() => onChoose(routine, course?.routine === routine.slug ? course : null)} />)}
      </div>
      {shown.length === 0 && <p class="empty">{t("start.no_routine")}</p>}
    </>
  );
}
