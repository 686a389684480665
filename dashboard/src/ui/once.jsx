// Something that the server tells only once: shown to be copied, and gone when it is closed.
import {useSignal} from "@preact/signals";
import {t} from "../texts/index.js";
import {Dialog} from "./dialog.jsx";

async function copy(text, field) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch { // plain http: the browser lets only people copy
    field.focus();
    field.select();
    return false;
  }
}

function Once({label, text}) {
  const copied = useSignal(null);
  return (
    <div class="once">
      <label>{label}<input readOnly value={text} onFocus={(e) => e.currentTarget.select()} /></label>
      <button onClick={async (e) => { copied.value = await copy(text, e.currentTarget.parentNode.querySelector("input")); }} aria-label={`${t("once.copy")}: ${label}`}>{t("once.copy")}</button>
      <small role="status">{copied.value === null ? "" : copied.value ? t("once.copied") : t("once.selected")}</small>
    </div>
  );
}

/** values: [[label, text]]; more: what else can be done with them while they are here. */
export const OnceDialog = ({title, why, values, more, onClose}) => (
  <Dialog title={title} onClose={onClose}>
    <p>{why}</p>
    {values.map(([label, text]) => <Once key={label} label={label} text={text} />)}
    {more}
    <button class="primary" onClick={onClose}>{t("once.kept")}</button>
  </Dialog>
);
