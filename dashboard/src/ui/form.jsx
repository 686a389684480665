// A form in a dialog: what the server refuses is told at its field, the rest above the button; busy while it is sent.
import {useSignal} from "@preact/signals";
import {t} from "../texts/index.js";
import {faultWords} from "../texts/told.js";
import {Dialog} from "./dialog.jsx";
import {explain} from "./toast.jsx";

/** send(FormData) does it; it may throw. children(at): the fields; at("/name") is what was wrong with it. */
export function FormDialog({title, act, danger, onClose, send, children, wide}) {
  const problem = useSignal(null), busy = useSignal(false);
  const submit = async (e) => {
    e.preventDefault();
    busy.value = true;
    problem.value = null;
    try {
      await send(new FormData(e.currentTarget));
      onClose();
    } catch (error) {
      problem.value = error;
    }
    busy.value = false;
  };
  // What is wrong within a list is told at the list.
  const at = (pointer) => faultWords(problem.value?.errors?.find((each) => each.pointer === pointer || each.pointer?.startsWith(`${pointer}/`)) ?? {});
  return (
    <Dialog title={title} onClose={onClose} wide={wide}>
      <form onSubmit={submit}>
        {children(at)}
        {problem.value && <p class="error" role="alert">{explain(problem.value)}</p>}
        <div class="form-acts"><button type="button" onClick={onClose}>{t("cancel")}</button><button class={danger ? "stop" : "primary"} disabled={busy.value}>{act}</button></div>
      </form>
    </Dialog>
  );
}
