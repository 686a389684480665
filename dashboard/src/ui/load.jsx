// What a page has to read before it can show anything, and what it shows until then.
import {t} from "../texts/index.js";
import {useRead} from "./read.jsx";
import {explain} from "./toast.jsx";

/** {data, error, again()}: what fn's promise gave; read anew when deps change. An answer that comes too late is dropped. */
export function useLoad(fn, deps) {
  const {value, problem, again} = useRead(fn, deps, undefined, true);
  return {data: problem ? undefined : value, error: problem, again};
}

export const Waiting = ({error, again}) => (error
  ? <div class="empty" role="alert"><p>{explain(error)}</p>{again && <button onClick={again}>{t("load.again")}</button>}</div>
  : <div class="waiting" aria-busy="true" />);
