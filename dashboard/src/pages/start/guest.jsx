// Who it is for: one tap for somebody who was here before, else a first name or a number.
import {useSignal} from "@preact/signals";
import {useEffect} from "preact/hooks";
import {time} from "../../format.js";
import {said, t} from "../../texts/index.js";
import {Field} from "../../ui/field.jsx";
import {Icon} from "../../ui/icon.jsx";
import {Failed} from "../../ui/task.jsx";
import {knownGuests} from "./flow.js";

const MOST = 12;

export function Guest({site, today, busy, onGuest}) {
  const known = useSignal(null), failed = useSignal(null), name = useSignal("");
  useEffect(() => {
    knownGuests(site.id, today).then((list) => { known.value = list; }, (problem) => { failed.value = problem; known.value = []; });
  }, [site.id]);
  const typed = name.value.trim().toLowerCase();
  const fits = (known.value ?? []).filter((each) => each.guest.toLowerCase().includes(typed)).slice(0, MOST);
  return (
    <section class="card">
      <h2>{t("start.who")}</h2>
      <form class="with-button" onSubmit={(e) => { e.preventDefault(); if (name.value.trim()) onGuest({guest: name.value.trim(), course: fits.find((each) => each.guest === name.value.trim())?.course ?? null}); }}>
        <Field label={t("start.name")} hint={t("start.name_hint")} maxLength={60} autocomplete="off" value={name.value} onText={(text) => { name.value = text; }} />
        <button class="primary" disabled={busy || !name.value.trim()}>{t("next")}</button>
      </form>
      {known.value === null ? <p aria-busy="true">{t("start.reading")}</p> : fits.length > 0 && <h3>{t("start.known")}</h3>}
      <div class="choices">
        {fits.map((each) => (
          <button key={each.guest} class={`choice${each.course ? " choice-due" : ""}`} disabled={busy} onClick={() => onGuest(each)}>
            <Icon name={each.course ? "course" : "person"} /><span><b>{each.guest}</b>
              {each.course && <small>{said("template", each.course.name)}, {time(each.course.progress.next.starts_at, site.timezone)}</small>}</span>
          </button>
        ))}
        <button class="choice" disabled={busy} onClick={() => onGuest({guest: null, course: null})}><Icon name="person" /><span><b>{t("start.no_name")}</b><small>{t("start.no_name_hint")}</small></span></button>
      </div>
      <Failed of={failed.value} />
    </section>
  );
}
