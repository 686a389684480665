// Just the questions that the screening asks: the skin first, then one tap when nothing applies.


import {get} from "../../data/api.js";
import {said, t} from "../../texts/index.js";
import {Icon} from "../../ui/icon.jsx";
import {Unread, useRead} from "../../ui/read.jsx";
import {Failed} from "../../ui/task.jsx";
import {Verdict} from "./verdict.jsx";

function Question({each, state, onChange, error}) {
  const answer = state.answers[each.id];
  const set = (value) => onChange({answers: {...state.answers, [each.id]: value}, screening: null});
  return (
    <li class={`question${answer ? " question-yes" : ""}${each.asked_if ? " question-more" : ""}`}>
      <p id={`q-${each.id}`}>{said("ask", each.question)}{answer && each.acknowledge && <small>{said("why", each.why)}</small>}{error && <small class="error">{error}</small>}</p>
      <div class="yes-no" role="group" aria-labelledby={`q-${each.id}`}>
        <button aria-pressed={answer === true} onClick={() => set(true)}>{t("yes")}</button>
        <button aria-pressed={answer === false} onClick={() => set(false)}>{t("no")}</button>
      </div>
      {answer && each.acknowledge && (
        <label class="tick">
          <input type="checkbox" checked={state.acknowledged.includes(each.id)}
            onChange={(e) => onChange({acknowledged: e.currentTarget.checked ? [...state.acknowledged, each.id] : state.acknowledged.filter((rule) => rule !== each.id)})} />
          <span>{t("start.told")}</span>
        </label>
      )}
    </li>
  );
}

export function Questions({site, state, today, busy, problem, onChange, onJudge}) {
  const routine = state.course?.routine;
  const read = useRead((signal) => get("/screening/questions", {site_id: site.id, routine}, {signal}), [site.id, routine]);
  if (!read.value) return <Unread of={read} />;
  const asked = read.value.questions;
  const check = asked.find((each) => each.check);
  const open = asked.filter((each) => !each.check && (!each.asked_if || state.answers[each.asked_if]));
  const yes = open.filter((each) => state.answers[each.id]);
  const untold = yes.some((each) => each.acknowledge && !state.acknowledged.includes(each.id));
  // A follow-up is answered by itself: it decides whether there may be a session at all.
  const lacking = open.some((each) => each.asked_if && state.answers[each.id] === undefined);
  const finish = () => {
    const answers = Object.fromEntries(open.map((each) => [each.id, state.answers[each.id] ?? false]));
    onChange({answers});
    onJudge({...state, answers});
  };
  return (
    <>
      {check && (
        <section class={`card skin${state.skin ? " skin-done" : ""}`}>
          <h2>{said("ask", check.question)}</h2>
          <button aria-pressed={state.skin} class={state.skin ? "" : "primary"} onClick={() => onChange({skin: !state.skin})}><Icon name="check" /> {t("start.skin_done")}</button>
          <small>{t("start.skin_hint")}</small>
        </section>
      )}
      <section class="card" aria-disabled={!state.skin}>
        <h2>{t("start.ask", {guest: state.guest ?? t("start.the_guest")})}</h2>
        {!state.skin && <p class="soft">{t("start.skin_first")}</p>}
        <ul class="questions">{open.map((each) => <Question key={each.id} each={each} state={state} onChange={onChange} error={problem?.at?.(each.pointer)} />)}</ul>
        <div class="finish"><button class="primary" disabled={busy || !state.skin || untold || lacking} onClick={finish}>{yes.length ? t("start.others_no") : t("start.none")}</button></div>
      </section>
      {state.screening && <Verdict record={state.screening} state={state} today={today} busy={busy} onChange={onChange} onAgain={() => onJudge(state)} />}
      <Failed of={problem} />
    </>
  );
}
