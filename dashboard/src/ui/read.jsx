// What a page reads from the server. What is shown stays while it is read again; a failure is told beside it.
import {useSignal} from "@preact/signals";
import {useEffect, useRef} from "preact/hooks";
import {onEvent} from "../data/live.js";
import {t} from "../texts/index.js";
import {explain} from "./toast.jsx";

const SETTLE_MS = 400;

/** {value, problem, again()}: value is undefined until read(signal) has answered. It is read anew when deps change and, where
 *  `when(type, data)` is given, soon after an event that it is true for; keep: what was read for other deps stays meanwhile. */
export function useRead(read, deps, when, keep) {
  const value = useSignal(undefined), problem = useSignal(null), at = useRef(null);
  const again = async () => {
    at.current?.abort();
    const mine = at.current = new AbortController();
    try {
      const answer = await read(mine.signal);
      if (mine.signal.aborted) return;
      value.value = answer;
      problem.value = null;
    } catch (error) {
      if (!mine.signal.aborted) problem.value = error;
    }
  };
  const latest = useRef(again);
  latest.current = again;
  useEffect(() => {
    if (!keep) value.value = undefined;
    latest.current();
    return () => at.current?.abort();
  }, deps);
  useEffect(() => {
    if (!when) return undefined;
    let timer = 0;
    const end = onEvent((type, data) => {
      if (timer || (type !== "resync" && !when(type, data))) return;
      timer = setTimeout(() => { timer = 0; latest.current(); }, SETTLE_MS);
    });
    return () => { end(); clearTimeout(timer); };
  }, deps);
  return {value: value.value, problem: problem.value, again};
}

/** In place of what is not there yet, or above what could not be read again. */
export function Unread({of}) {
  if (of.problem) {
    return <p class="unread error" role="alert"><span>{explain(of.problem)}</span> <button onClick={of.again}>{t("read.again")}</button></p>;
  }
  return of.value === undefined ? <div class="waiting waiting-small" aria-busy="true" /> : null;
}
