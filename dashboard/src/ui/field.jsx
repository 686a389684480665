// One labelled input with what is wrong beside it; onText(text) hears what is typed.
import {useId} from "preact/hooks";

export function Field({label, hint, error, children, onText, ...input}) {
  const id = useId();
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ") || undefined;
  return (
    <div class={`field${error ? " field-bad" : ""}`}>
      <label for={id}>{label}</label>
      {children ? children({id, "aria-describedby": described, "aria-invalid": error ? true : undefined})
        : <input id={id} aria-describedby={described} aria-invalid={error ? true : undefined} onInput={onText && ((e) => onText(e.currentTarget.value))} {...input} />}
      {hint && <small id={`${id}-hint`}>{hint}</small>}
      {error && <small class="error" id={`${id}-error`}>{error}</small>}
    </div>
  );
}

/** What a field of numbers holds; undefined: nothing. */
export const numberOf = (text) => (text === "" ? undefined : Number(text));
