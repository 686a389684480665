// Every unit at a glance: free, running, hot, dirty, in trouble; found by words and filters; stopped with one tap.
import {signal, useComputed} from "@preact/signals";
import {post} from "../data/api.js";
import {device, deviceList, now, ready, remainingMs, shape, sites} from "../data/live.js";
import {byName, celsius, clock, finder} from "../format.js";
import {go, may} from "../routes.js";
import {said, t, word} from "../texts/index.js";
import {Chips, Search, SiteSelect} from "../ui/choose.jsx";
import {Icon} from "../ui/icon.jsx";
import {Waiting} from "../ui/load.jsx";
import {Portions} from "../ui/portions.jsx";
import {presenceOf} from "../ui/presence.jsx";
import {Ring} from "../ui/ring.jsx";
import {complain, explain, say} from "../ui/toast.jsx";

const find = signal(""), which = signal("all"), site = signal("");

/** What a tile is about, the most urgent first. */
export function condition(d) {
  if (d.service !== "in_service") return "maintenance";
  if (d.faults?.length) return "trouble";
  if (d.session) return d.session.state === "paused" ? "paused" : d.session.state === "waiting" ? "waiting" : "running";
  if (!d.connected || !d.fresh) return "offline";
  if (d.cleaning === "due") return "dirty";
  if (!d.ready) return "starting";
  return "free";
}

const GROUPS = {all: () => true, free: ["free"], busy: ["running", "paused", "waiting"], dirty: ["dirty"], trouble: ["trouble", "offline", "starting"],
  maintenance: ["maintenance"]};
const inGroup = (group, d) => group === "all" || GROUPS[group].includes(condition(d));

/* Nothing is drawn anew for a list that is the one of before. */
let before = [];
const same = (a, b) => a.length === b.length && a.every((each, i) => each === b[i]);

export async function stopSession(id) {
  try {
    const command = await post(`/sessions/${id}/stop`, undefined, {params: {wait: 5}});
    say(command.state === "succeeded" ? t("session.stopped") : t("session.stop_sent"));
  } catch (problem) {
    complain(problem);
  }
}

/* Chairs of two sites may have one name: with all sites on the floor each tile says where it stands. */
const placeOf = (d) => (site.value || sites.value.length < 2 ? "" : sites.value.find((each) => each.id === d.site_id)?.name ?? "");

/* Out of sight nothing counts down. */
function Face({d, near}) {
  const left = remainingMs(d.session, near.value ? now.value : now.peek()), all = d.session.elapsed_ms + d.session.remaining_ms;
  return (
    <Ring part={all > 0 ? 1 - left / all : 0}>
      <b>{clock(left)}</b><small>{word("state", d.session.state)}</small>
    </Ring>
  );
}

const Tile = function Tile({id, near}) {
  const d = device(id)?.value;
  if (!d) return null;
  const is = condition(d), where = presenceOf(d);
  const place = placeOf(d), name = place ? `${d.name}, ${place}` : d.name;
  return (
    <article class={`tile tile-${is}`} data-device={id}>
      <a class="tile-body" href={`#/devices/${id}`}>
        <header><h3>{d.name}{place && <small>{place}</small>}</h3><span class={`presence presence-${where}`} title={word("presence", where)}>
          <Icon name={where === "ready" ? "check" : where === "offline" ? "offline" : "more"} /><span class="hidden">{word("presence", where)}</span></span></header>
        {d.session ? <Face d={d} near={near} /> : <p class="tile-word">{word("condition", is)}</p>}
        <p class="tile-line">{d.session ? said("routine_name", d.session.routine_name) ?? word("model", d.model) : d.faults?.length ? d.faults.map((each) => word("reason", each)).join(", ") : word("model", d.model)}</p>
        <footer><span><Icon name="water" /> {celsius(d.values?.water_c)}</span>
          {d.cleaning === "due" && !d.session && (is !== "dirty" || d.rinse) && <span class="badge"><Icon name="clean" /> {d.rinse ? t("floor.rinse") : t("floor.clean_due")}</span>}</footer>
      </a>
      <div class="tile-acts">
        {d.session && <button class="stop" onClick={() => stopSession(d.session.id)} aria-label={t("floor.stop_name", {name})}><Icon name="stop" /> {t("floor.stop")}</button>}
        {d.session && <a class="button" href={`#/sessions/${d.session.id}`}>{t("floor.open")}</a>}
        {is === "free" && may("operate") && <button class="primary" onClick={() => go(`/start/${id}`)} aria-label={t("floor.start_name", {name})}><Icon name="play" /> {t("floor.start")}</button>}
        {is === "dirty" && may("operate") && <button onClick={() => go(`/disinfect/${id}`)} aria-label={t("floor.disinfect_name", {name})}><Icon name="clean" /> {t("floor.disinfect")}</button>}
      </div>
    </article>
  );
}

function StopAll({ids}) {
  shape.value; // changes when a session begins or ends: the rest of a thousand devices is not listened to
  const running = ids.map((id) => device(id)).filter((each) => each?.peek().session);
  if (!running.length || !may("operate")) return null;
  const stop = async () => {
    if (!confirm(t("floor.stop_all_sure", {n: running.length}))) return;
    const sessions = running.map((each) => each.peek().session?.id).filter(Boolean); // some may have ended while we asked
    const failed = (await Promise.allSettled(sessions.map((id) => post(`/sessions/${id}/stop`)))).filter((each) => each.status === "rejected");
    if (failed.length) say(`${t("floor.stop_all_failed", {n: failed.length})} ${explain(failed[0].reason)}`, "bad");
    else say(t("floor.stop_all_done", {n: sessions.length}));
  };
  return <div class="stop-bar"><button class="stop" onClick={stop}><Icon name="stop" /> {t("floor.stop_all", {n: running.length})}</button></div>;
}

/** Before the units were read, or why they could not be. */
export const Unready = () => (ready.value === undefined ? <Waiting />
  : <div class="empty" role="alert"><h1>{t("floor.failed")}</h1><p>{explain(ready.value)}</p></div>);

/** Nothing to show: what to do about it. */
export const None = ({anyAtAll, onAll}) => (
  <div class="empty"><p>{t(anyAtAll ? "floor.none" : "floor.empty")}</p>
    {anyAtAll ? <button onClick={onAll}>{t("floor.show_all")}</button> : may("manage") && <a class="button primary" href="#/devices"><Icon name="plus" /> {t("devices.add")}</a>}</div>
);

export default function Floor() {
  const shown = useComputed(() => {
    const fits = finder(find.value);
    const ids = deviceList().map((each) => each.peek())
      .filter((d) => d.service !== "retired" && (!site.value || d.site_id === site.value) && inGroup(which.value, d) && fits(`${d.name} ${d.serial} ${d.model}`))
      .sort(byName).map((d) => d.id);
    return same(before, ids) ? before : (before = ids);
  });
  const counts = useComputed(() => {
    const list = deviceList().map((each) => each.peek()).filter((d) => d.service !== "retired" && (!site.value || d.site_id === site.value));
    return JSON.stringify(Object.fromEntries(Object.keys(GROUPS).map((group) => [group, list.filter((d) => inGroup(group, d)).length])));
  });
  const counted = JSON.parse(counts.value);
  if (ready.value !== true) return <Unready />;
  return (
    <>
      <h1 class="hidden">{t("menu.floor")}</h1>
      <div class="bar">
        <Chips label={t("floor.show")} is={which} of={Object.keys(GROUPS)} say={(group) => <>{t(`floor.group.${group}`)} <b>{counted[group]}</b></>} />
        <SiteSelect is={site} />
        <Search label={t("floor.find")} is={find} />
      </div>
      {shown.value.length ? <Portions class="tiles" ids={shown.value} of={Tile} />
        : <None anyAtAll={counted.all > 0} onAll={() => { which.value = "all"; find.value = ""; site.value = ""; }} />}
      <StopAll ids={shown.value} />
    </>
  );
}
