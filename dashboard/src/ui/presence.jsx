// Whether a unit is there: connected, heard of lately, ready. Three facts, told as one word and as three with their times.
import {ago, dateTime} from "../format.js";
import {now} from "../data/live.js";
import {t, word} from "../texts/index.js";
import {Icon} from "./icon.jsx";

export function presenceOf(d) {
  if (!d.connected) return "offline";
  if (!d.fresh) return "silent";
  return d.ready ? "ready" : "connected";
}

export function Presence({d}) {
  const is = presenceOf(d);
  return <span class={`presence-word presence presence-${is}`}><Icon name={is === "ready" ? "check" : is === "offline" ? "offline" : "more"} /> {word("presence", is)}</span>;
}

const Fact = ({name, yes, at, since, zone}) => (
  <div><dt>{t(`presence.${name}`)}</dt><dd><b class={yes ? "good" : "soft"}>{yes ? t("yes") : t("no")}</b>
    {at && <small> {t(since, {ago: ago(at, now.value)})}{since !== "presence.within" && ` · ${dateTime(at, zone)}`}</small>}</dd></div>
);

export const PresenceFacts = ({d, zone}) => (
  <dl class="fact-list">
    <Fact name="fact.connected" yes={d.connected} at={d.connected_at} since="presence.since" zone={zone} />
    <Fact name="fact.fresh" yes={d.fresh} at={d.last_seen_at} since={d.fresh ? "presence.within" : "presence.last_word"} zone={zone} />
    <Fact name="fact.ready" yes={d.ready} at={d.ready_at} since="presence.since" zone={zone} />
  </dl>
);
