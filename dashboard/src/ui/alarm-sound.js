// Two tones for a new alarm. A browser lets a page sound only after somebody has touched it: until then it stays silent, and the
// alarms page says so. Each tablet may be muted. Of the tabs of one browser, one sounds.
import {signal} from "@preact/signals";

const KEPT = "pediluve-muted";
const TONES = {critical: [880, 660, 880, 660], warning: [660, 880]};
const TONE_S = 0.18, GAP_S = 0.06, QUIET_MS = 2000;

export const muted = signal(localStorage.getItem(KEPT) === "yes");
/** Somebody has touched the page: it may sound. */
export const audible = signal(false);

let audio;

export function setMuted(yes) {
  muted.value = yes;
  localStorage.setItem(KEPT, yes ? "yes" : "no");
}

function touched() {
  try {
    audio ??= new AudioContext();
    audio.resume().then(() => { audible.value = audio.state === "running"; }, () => {});
  } catch {
    audible.value = false; // no sound here: the bar and the words remain
  }
}

/** Listens for the first touch; returns a function that ends it. */
export function startSound() {
  const kinds = ["pointerdown", "keydown"];
  const once = () => { touched(); end(); };
  const end = () => { for (const kind of kinds) removeEventListener(kind, once, true); };
  for (const kind of kinds) addEventListener(kind, once, true);
  return end;
}

function play(severity) {
  const begin = audio.currentTime + 0.02;
  (TONES[severity] ?? TONES.warning).forEach((pitch, i) => {
    const at = begin + i * (TONE_S + GAP_S), tone = audio.createOscillator(), loud = audio.createGain();
    tone.frequency.value = pitch;
    loud.gain.setValueAtTime(0, at);
    loud.gain.linearRampToValueAtTime(0.35, at + 0.02);
    loud.gain.linearRampToValueAtTime(0, at + TONE_S);
    tone.connect(loud).connect(audio.destination);
    tone.start(at);
    tone.stop(at + TONE_S);
  });
}

/** force: also when muted, to try it. */
export function sound(severity, force) {
  if (!audio || audio.state !== "running" || (muted.value && !force)) return;
  if (!navigator.locks || force) { play(severity); return; }
  navigator.locks.request("pediluve-sound", {ifAvailable: true}, (lock) => {
    if (!lock) return undefined;
    play(severity);
    return new Promise((done) => { setTimeout(done, QUIET_MS); });
  }).catch(() => {});
}
