// The editor of a draft: steps are added, moved and set; the server judges what is saved, and each refusal shows at its step.
import {useSignal} from "@preact/signals";
import {useEffect, useRef} from "preact/hooks";
import {get, newKey, request} from "../data/api.js";
import {catalogue} from "../data/catalogue.js";
import {clock} from "../format.js";
import {go} from "../routes.js";
import {t, word} from "../texts/index.js";
import {problemWords} from "../texts/told.js";
import {Back} from "../ui/back.jsx";
import {Dialog} from "../ui/dialog.jsx";
import {Icon} from "../ui/icon.jsx";
import {useLoad, Waiting} from "../ui/load.jsx";
import {Failed, useAct, useTask} from "../ui/task.jsx";
import {complain, explain, say} from "../ui/toast.jsx";
import {addStep, changeStep, contentOf, draftFrom, faultsOf, leave, leftOf, MOST_STEPS, moveStep, placed, removeStep} from "./routines/draft.js";
import {EditHead} from "./routines/edit-head.jsx";
import {EditStep} from "./routines/edit-step.jsx";
import {draftOf} from "./routines/new.jsx";
import {Trial} from "./routines/trial.jsx";
import {secondsOfAll} from "./routines/words.js";

const PAST = 50, TYPING_MS = 1200;
const NOTHING = {head: {}, steps: {}, rest: []};

async function read(slug) {
  const [versions, techniques, models, care] = await Promise.all([
    get(`/routines/${slug}/versions`, {limit: 200}), catalogue("techniques"), get("/models", {limit: 200}), catalogue("preparations")]);
  const draft = versions.items.find((each) => each.state === "draft");
  const found = draft && await request("GET", `/routines/${slug}/versions/${draft.version}`);
  return {newest: versions.items[0], routine: found?.data, etag: found?.etag, techniques, models: models.items, care};
}

/** Moves a step under the finger; the list is reordered as it goes. */
function useDrag(list, move) {
  const dragged = useSignal(null), end = useRef();
  useEffect(() => () => end.current?.(), []);
  const grab = (key) => (e) => {
    if (e.button !== 0) return;
    e.preventDefault();
    dragged.value = key;
    const follow = (event) => {
      const items = [...list.current.children];
      const from = items.findIndex((each) => each.dataset.key === key);
      const to = items.findIndex((each) => { const {top, bottom} = each.getBoundingClientRect(); return event.clientY >= top && event.clientY < bottom; });
      if (to < 0 || to === from) return;
      // A tall neighbour is passed at its middle, or the two would change places again and again.
      const {top, height} = items[to].getBoundingClientRect();
      if (to > from ? event.clientY > top + height / 2 : event.clientY < top + height / 2) move(key, to);
    };
    const drop = () => {
      dragged.value = null;
      removeEventListener("pointermove", follow);
      removeEventListener("pointerup", drop);
      removeEventListener("pointercancel", drop);
    };
    end.current = drop;
    addEventListener("pointermove", follow);
    addEventListener("pointerup", drop);
    addEventListener("pointercancel", drop);
  };
  return [dragged.value, grab];
}

function Conflict({slug, version, onTheirs, onMine}) {
  const {busy, problem, run} = useTask();
  const doing = (then) => run(async () => then(await request("GET", `/routines/${slug}/versions/${version}`)));
  return (
    <>
      <p>{t("editor.conflict_words")}</p>
      <Failed of={problem.value} />
      <div class="acts">
        <button disabled={busy.value} onClick={() => doing(onTheirs)}>{t("editor.take_theirs")}</button>
        <button class="primary" disabled={busy.value} onClick={() => doing(onMine)}>{t("editor.keep_mine")}</button>
      </div>
    </>
  );
}

function Work({slug, routine: first, etag: firstTag, techniques, models, care}) {
  const kept = leftOf(slug, first.version);
  const draft = useSignal(kept?.draft ?? draftFrom(first.content));
  const routine = useSignal(first), etag = useSignal(kept?.etag ?? firstTag), dirty = useSignal(!!kept), stamp = useSignal(0);
  const refused = useSignal(NOTHING), failed = useSignal(null), open = useSignal(null), asked = useSignal(""), busy = useSignal(false), said = useSignal("");
  const past = useSignal([]), typed = useRef({});
  const list = useRef(), focus = useRef(null);

  const change = (next, what) => {
    if (next === draft.value) return;
    // What is typed into one field in one go is one change.
    const now = Date.now(), goesOn = what && typed.current.what === what && now - typed.current.at < TYPING_MS;
    if (!goesOn) past.value = [...past.value.slice(1 - PAST), draft.value];
    typed.current = {what, at: now};
    draft.value = next;
    dirty.value = true;
  };
  const undo = () => {
    draft.value = past.value.at(-1);
    past.value = past.value.slice(0, -1);
    typed.current = {};
    dirty.value = true;
  };
  const move = (key, to) => {
    change(moveStep(draft.value, key, to), `move ${key}`);
    said.value = t("editor.moved", {number: Math.max(1, Math.min(draft.value.steps.length, to + 1))});
  };
  const [dragged, grab] = useDrag(list, move);
  const take = (reply) => {
    routine.value = reply.data;
    etag.value = reply.etag;
    draft.value = draftFrom(reply.data.content);
    dirty.value = false;
    past.value = [];
    refused.value = NOTHING;
    failed.value = null;
    open.value = null;
    asked.value = "";
    stamp.value++;
  };
  useEffect(() => { if (focus.current) { document.getElementById(focus.current)?.focus(); focus.current = null; } }, [draft.value]);
  useEffect(() => {
    const warn = (e) => { if (dirty.value) e.preventDefault(); };
    addEventListener("beforeunload", warn);
    return () => {
      removeEventListener("beforeunload", warn);
      leave(slug, dirty.peek() && {draft: draft.peek(), etag: etag.peek(), version: first.version});
    };
  }, []);

  const {head, steps} = draft.value;
  const faults = Object.fromEntries(steps.map(({key, step}) => [key, faultsOf(step, techniques.get(step.technique))]));
  const errorsOf = (key) => ({...refused.value.steps[key], ...faults[key]});
  const path = `/routines/${slug}/versions/${first.version}`;

  /* Brings what was refused before the eyes: a step, or the head of the page. */
  const show = (key) => {
    if (key) open.value = key;
    requestAnimationFrame(() => (key ? document.getElementById(`handle-${key}`)?.closest("li").scrollIntoView({block: "start"}) : scrollTo(0, 0)));
  };
  /* Whether it is saved now. */
  const save = async () => {
    const bad = steps.find(({key}) => Object.keys(faults[key]).length > 0);
    if (!head.name.trim()) { refused.value = {...refused.value, head: {name: t("editor.needs_name")}}; show(null); return false; }
    if (bad) { show(bad.key); say(t("editor.see_step", {number: steps.indexOf(bad) + 1}), "bad"); return false; }
    busy.value = true;
    failed.value = null;
    const sent = draft.value;
    try {
      const reply = await request("PUT", path, {body: contentOf(sent), etag: etag.value});
      etag.value = reply.etag;
      routine.value = reply.data;
      refused.value = NOTHING;
      dirty.value = draft.value !== sent;
      stamp.value++;
      return !dirty.value;
    } catch (problem) {
      if (problem.status === 412) asked.value = "conflict";
      else {
        refused.value = placed(problem, sent);
        failed.value = problem;
        show(Object.keys(refused.value.steps)[0]);
      }
      return false;
    } finally {
      busy.value = false;
    }
  };
  const publish = async () => {
    busy.value = true;
    try {
      await request("POST", `${path}/publish`, {etag: etag.value, key: newKey()});
      say(t("editor.published"));
      go(`/routines/${slug}`);
    } catch (problem) {
      asked.value = problem.status === 412 ? "conflict" : "";
      if (problem.status !== 412) { refused.value = placed(problem, draft.value); failed.value = problem; }
      busy.value = false;
    }
  };
  const discard = async () => {
    busy.value = true;
    try {
      await request("DELETE", path, {etag: etag.value});
      dirty.value = false;
      say(t("editor.discarded"));
      go("/routines");
    } catch (problem) {
      asked.value = problem.status === 412 ? "conflict" : "";
      if (problem.status !== 412) complain(problem);
      busy.value = false;
    }
  };
  const add = () => {
    const last = steps.at(-1)?.step ?? {technique: "stroking", intensity: 30};
    change(addStep(draft.value, steps.length, {technique: "stroking", zones: ["sole"], duration_s: 60, intensity: last.intensity || 30, ...(last.water_c && {water_c: last.water_c})}));
    open.value = draft.value.steps.at(-1).key;
    focus.current = `handle-${open.value}`;
  };
  const actsOf = ({key, step}, i) => ({
    put: (next) => {
      change(changeStep(draft.value, key, next), `step ${key} ${Object.keys(next).length}`);
      if (refused.value.steps[key]) refused.value = {...refused.value, steps: {...refused.value.steps, [key]: undefined}};
    },
    move: (by) => { focus.current = `handle-${key}`; move(key, i + by); },
    remove: () => { change(removeStep(draft.value, key)); focus.current = steps[i + 1] || steps[i - 1] ? `handle-${(steps[i + 1] ?? steps[i - 1]).key}` : "add-step"; },
    copy: () => change(addStep(draft.value, i + 1, step)),
    toggle: () => { open.value = open.value === key ? null : key; },
    grab: grab(key),
  });
  const close = () => { asked.value = ""; };
  return (
    <div class="editor">
      <div class="heading">
        <Back to={`#/routines/${slug}?version=${first.version}`} />
        <h1>{head.name || slug} <span class="badge">{t("editor.draft", {version: first.version})}</span></h1>
        <button disabled={busy.value} onClick={() => { asked.value = "discard"; }}>{t("editor.discard")}</button>
      </div>
      {kept && dirty.value && <p class="notice">{t("editor.kept")}</p>}
      {failed.value && <div class="error" role="alert"><p>{failed.value.status ? problemWords(failed.value)[0] : explain(failed.value)}</p>{refused.value.rest.map((each) => <p key={each}>{each}</p>)}</div>}
      <EditHead head={head} care={care} errors={refused.value.head} put={(next, what) => {
        change({...draft.value, head: next}, what);
        if (refused.value.head[what]) refused.value = {...refused.value, head: {...refused.value.head, [what]: undefined}};
      }} />
      <h2>{t("field.steps")}</h2>
      <ol class="edit-steps" ref={list}>
        {steps.map((item, i) => <EditStep key={item.key} number={i + 1} last={i === steps.length - 1} item={item} techniques={techniques} errors={errorsOf(item.key)}
          open={open.value === item.key} dragged={dragged === item.key} acts={actsOf(item, i)} />)}
      </ol>
      <p class="hidden" role="status">{said.value}</p>
      {steps.length === 0 && <p class="error">{t("editor.needs_step")}</p>}
      <button id="add-step" class="add" disabled={steps.length >= MOST_STEPS} onClick={add}><Icon name="plus" /> {t("editor.add")}</button>
      {dirty.value ? <section class="card"><h2>{t("trial.title")}</h2><p>{t("editor.save_to_try")}</p></section>
        : <Trial routine={routine.value} models={models} techniques={techniques} stamp={stamp.value} onRefused={(problem) => { refused.value = problem ? placed(problem, draft.value) : NOTHING; }} />}
      <div class="edit-bar">
        <span><b>{clock(secondsOfAll(steps.map((each) => each.step), techniques) * 1000)}</b> <small>{t("editor.total", {n: steps.length})}</small></span>
        <span role="status">{dirty.value ? t("editor.unsaved") : t("editor.saved")}</span>
        <button disabled={!past.value.length} onClick={undo}>{t("editor.undo")}</button>
        <button disabled={busy.value || !dirty.value || !steps.length} onClick={save}>{t("save")}</button>
        <button class="primary" disabled={busy.value || !steps.length} onClick={async () => { if (!dirty.value || await save()) asked.value = "publish"; }}>{t("editor.publish")}</button>
      </div>
      {asked.value === "publish" && <Dialog title={t("editor.publish")} onClose={close}><p>{t("editor.publish_words", {name: head.name})}</p>
        <div class="acts"><button onClick={close}>{t("cancel")}</button><button class="primary" disabled={busy.value} onClick={publish}>{t("editor.publish_now")}</button></div></Dialog>}
      {asked.value === "discard" && <Dialog title={t("editor.discard")} onClose={close}><p>{t("editor.discard_words")}</p>
        <div class="acts"><button onClick={close}>{t("cancel")}</button><button class="stop" disabled={busy.value} onClick={discard}>{t("editor.discard")}</button></div></Dialog>}
      {asked.value === "conflict" && <Dialog title={t("editor.conflict")} onClose={close}>
        <Conflict slug={slug} version={first.version} onTheirs={take} onMine={(reply) => { etag.value = reply.etag; close(); save(); }} /></Dialog>}
    </div>
  );
}

export default function Editor({slug}) {
  const {data, error, again} = useLoad(() => read(slug), [slug]);
  const {busy, run} = useAct();
  if (!data) return <Waiting error={error} again={again} />;
  if (data.routine) return <Work key={`${slug}-${data.routine.version}`} slug={slug} {...data} />;
  const begin = () => run(async () => { await draftOf(data.newest); await again(); });
  return <div class="empty"><h1>{data.newest.name}</h1><p>{t("editor.no_draft", {state: word("routine_state", data.newest.state)})}</p>
    <div class="acts"><a class="button" href={`#/routines/${slug}`}>{t("back")}</a><button class="primary" disabled={busy.value} onClick={begin}>{t("routines.make")}</button></div></div>;
}
