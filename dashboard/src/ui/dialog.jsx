// A question in front of the page; Escape and the cross close it. The browser keeps the focus inside.
import {useEffect, useRef} from "preact/hooks";
import {t} from "../texts/index.js";
import {Icon} from "./icon.jsx";

export function Dialog({title, onClose, children, wide}) {
  const ref = useRef();
  useEffect(() => {
    const dialog = ref.current;
    if (!dialog.open) dialog.showModal();
    return () => dialog.close();
  }, []);
  return (
    <dialog ref={ref} class={wide ? "wide" : ""} aria-labelledby="dialog-title" onCancel={(e) => { e.preventDefault(); onClose(); }}>
      <header><h2 id="dialog-title">{title}</h2><button class="plain" aria-label={t("close")} onClick={onClose}><Icon name="cross" /></button></header>
      {children}
    </dialog>
  );
}
