// Something that takes its time and may fail: what began it is off meanwhile, and what went wrong is told.
import {useSignal} from "@preact/signals";
import {complain, explain} from "./toast.jsx";

/** {busy, problem, run(work)}: signals, and what begins it. onProblem(error) hears what went wrong; without it `problem` has it. */
export function useTask(onProblem) {
  const busy = useSignal(false), problem = useSignal(null);
  const run = async (work) => {
    busy.value = true;
    problem.value = null;
    try {
      return await work();
    } catch (error) {
      if (onProblem) onProblem(error);
      else problem.value = error;
    } finally {
      busy.value = false;
    }
    return undefined;
  };
  return {busy, problem, run};
}

/** One that complains at the edge of the page. */
export const useAct = () => useTask(complain);

export const Failed = ({of, children}) => of && <p class="error" role="alert">{children ?? explain(of)}</p>;
