// What a page has to read before it can show anything, and what it shows until then.
import {useSignal} from "@preact/signals";
import {useEffect, useRef} from "preact/hooks";
import {t} from "../texts/index.js";
import {explain} from "./toast.jsx";

/** {data, error, again()}: what fn's promise gave; read anew when deps change. An answer that comes too late is dropped. */
export function useLoad(fn, deps) {
  const state = useSignal({}), turn = useRef(0);
  const again = async () => {
    const mine = ++turn.current;
    try {
      const data = await fn();
      if (mine === turn.current) state.value = {data};
    } catch (error) {
      if (mine === turn.current) state.value = {error};
    }
  };
  useEffect(() => { again(); return () => { turn.current++; }; }, deps);
  return {...state.value, again};
}

export const Waiting = ({error, again}) => (error
  ? <div class="empty" role="alert"><p>{explain(error)}</p>{again && <button onClick={again}>{t("load.again")}</button>}</div>
  : <div class="waiting" aria-busy="true" />);
