// A form in a dialog: what the server refuses is told at its field, the rest above the button; busy while it is sent.
import {t} from "../texts/index.js";
import {faultWords} from "../texts/told.js";
import {Dialog} from "./dialog.jsx";
import {Failed, useTask} from "./task.jsx";
import {explain} from "./toast.jsx";

/** send(FormData) does it; it may throw. children(at): the fields; at("/name") is what was wrong with it. tell(problem) tells the rest. */
export function FormDialog({title, act, danger, onClose, send, children, wide, tell = explain}) {
  const {busy, problem, run} = useTask();
  const submit = (e) => {
    const form = new FormData(e.currentTarget);
    e.preventDefault();
    run(async () => { await send(form); onClose(); });
  };
  // What is wrong within a list is told at the list.
  const at = (pointer) => faultWords(problem.value?.errors?.find((each) => each.pointer === pointer || each.pointer?.startsWith(`${pointer}/`)) ?? {});
  return (
    <Dialog title={title} onClose={onClose} wide={wide}>
      <form onSubmit={submit}>
        {children(at)}
        <Failed of={problem.value}>{problem.value && tell(problem.value)}</Failed>
        <div class="acts"><button type="button" onClick={onClose}>{t("cancel")}</button><button class={danger ? "stop" : "primary"} disabled={busy.value}>{act}</button></div>
      </form>
    </Dialog>
  );
}
