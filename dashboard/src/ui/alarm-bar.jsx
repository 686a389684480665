// On every page: the severe alarms that nobody has acknowledged, a word and a sound for each new one.
import {useSignalEffect} from "@preact/signals";
import {useEffect, useRef} from "preact/hooks";
import {alarms, alarmsRead, device} from "../data/live.js";
import {address} from "../routes.js";
import {t, word} from "../texts/index.js";
import {sound, startSound} from "./alarm-sound.js";
import {Icon} from "./icon.jsx";
import {say} from "./toast.jsx";

export const isOpen = (alarm) => !alarm.acknowledged_at && !alarm.cleared_at;

/** What it is, in words: the kind, and which fault. */
export function alarmWords(alarm) {
  const kind = word("alarm", alarm.kind);
  return alarm.fault ? `${kind}: ${word(alarm.kind === "cleaning_overdue" ? "cleaning" : "reason", alarm.fault)}` : kind;
}

export const unitOf = (alarm) => device(alarm.device_id)?.value.name ?? t("alarms.some_unit");

function useNews() {
  const known = useRef(null);
  useSignalEffect(() => {
    const present = alarms.value;
    if (!alarmsRead.value) { known.current = null; return; }
    const fresh = known.current ? [...present.values()].filter((each) => isOpen(each) && !known.current.has(each.id)) : [];
    known.current = new Set(present.keys());
    if (!fresh.length) return;
    const severe = fresh.find((each) => each.severity === "critical");
    sound(severe ? "critical" : "warning");
    for (const each of fresh.slice(-3)) say(`${device(each.device_id)?.peek().name ?? t("alarms.some_unit")}: ${alarmWords(each)}`, "bad");
  });
}

export function AlarmBar() {
  useEffect(startSound, []);
  useNews();
  const severe = [...alarms.value.values()].filter((each) => isOpen(each) && each.severity === "critical");
  if (!severe.length || address.value.startsWith("/alarms")) return null;
  const first = severe[0];
  return (
    <div class="alarm-bar" role="alert"><a class="sign sign-alarm" href="#/alarms"><Icon name="alarm" />
      <span>{unitOf(first)}: {alarmWords(first)}{severe.length > 1 && ` · ${t("alarms.more", {n: severe.length - 1})}`}</span> <Icon name="next" /></a></div>
  );
}
