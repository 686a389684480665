// The checklist of the session: what is done before and after, each with one tap.
import {useSignal} from "@preact/signals";
import {useEffect} from "preact/hooks";
import {get, post} from "../../data/api.js";
import {time} from "../../format.js";
import {said, t} from "../../texts/index.js";
import {Icon} from "../../ui/icon.jsx";
import {Failed} from "../../ui/task.jsx";
import {complain} from "../../ui/toast.jsx";

export function Checks({id, phase, mayAct}) {
  const items = useSignal(null), failed = useSignal(null), busy = useSignal("");
  const read = () => get(`/sessions/${id}/checks`).then((list) => { items.value = list.items; }, (problem) => { failed.value = problem; });
  useEffect(() => { read(); }, [id]);
  const check = async (item) => {
    busy.value = item;
    try {
      await post(`/sessions/${id}/checks`, {item});
      await read();
    } catch (problem) { complain(problem); }
    busy.value = "";
  };
  if (failed.value) return <Failed of={failed.value} />;
  const shown = (items.value ?? []).filter((each) => each.phase === phase);
  return (
    <ul class="checks">
      {shown.map((each) => (
        <li key={each.item} class={each.done ? "check-done" : ""}>
          <div><b>{said("care", each.title)}</b><p>{said("care_words", each.words)}</p></div>
          {each.done ? <span class="badge-good"><Icon name="check" /> {each.done_at ? time(each.done_at) : t("done")}</span>
            : mayAct && <button disabled={busy.value === each.item} aria-label={t("session.check_name", {name: said("care", each.title)})} onClick={() => check(each.item)}>{t("done")}</button>}
        </li>
      ))}
    </ul>
  );
}
