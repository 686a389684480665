// Short words at the edge: done, or why not. Errors stay until they are closed.
import {signal} from "@preact/signals";
import {t} from "../texts/index.js";
import {problemWords} from "../texts/told.js";
import {Icon} from "./icon.jsx";

const toasts = signal([]);
let count = 0;

const drop = (id) => { toasts.value = toasts.value.filter((each) => each.id !== id); };

export function say(text, kind = "done") {
  const id = ++count;
  toasts.value = [...toasts.value.slice(-3), {id, text, kind}];
  if (kind === "done") setTimeout(() => drop(id), 5000);
}

/** What went wrong: what the server says, or what we say when it could not be reached. */
export function explain(problem) {
  if (problem?.code === "network") return t("problem.network");
  if (problem?.status === undefined) return problem?.message ?? String(problem);
  return problemWords(problem).filter((each, i, list) => each && list.indexOf(each) === i).slice(0, 4).join(" · ");
}

export const complain = (problem) => say(explain(problem), "bad");

export const Toasts = () => (
  <div class="toasts" role="status" aria-live="polite">
    {toasts.value.map((each) => (
      <div key={each.id} class={`toast toast-${each.kind}`}>
        <span>{each.text}</span>
        <button class="plain" aria-label={t("close")} onClick={() => drop(each.id)}><Icon name="cross" /></button>
      </div>
    ))}
  </div>
);
