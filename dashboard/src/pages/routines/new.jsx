// The questions before a routine is there: a new one, a copy, a document that is imported.
import {useSignal} from "@preact/signals";
import {get, me, post} from "../../data/api.js";
import {sites} from "../../data/live.js";
import {go} from "../../routes.js";
import {said, t, word} from "../../texts/index.js";
import {faultWords, problemWords} from "../../texts/told.js";
import {Dialog} from "../../ui/dialog.jsx";
import {Field} from "../../ui/field.jsx";
import {explain, say} from "../../ui/toast.jsx";
import {pointerWords, slugOf, TYPES} from "./words.js";

const MOST_BYTES = 1 << 20;

/** Name, address and site: what a new routine and a copy need. send(values) makes it and gives the routine. */
function Naming({title, send, name: first = "", onClose, children}) {
  const name = useSignal(first), slug = useSignal(null), failed = useSignal(null), busy = useSignal(false);
  const everywhere = me.value?.all_sites !== false;
  const site = useSignal(everywhere ? "" : sites.value[0]?.id ?? "");
  const made = slug.value ?? slugOf(name.value);
  const submit = async (e) => {
    e.preventDefault();
    busy.value = true;
    failed.value = null;
    try {
      const {slug: there} = await send({name: name.value.trim(), slug: made, site_id: site.value || undefined, form: new FormData(e.currentTarget)});
      go(`/routines/${there}/edit`);
    } catch (problem) {
      failed.value = problem;
      busy.value = false;
    }
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form onSubmit={submit}>
        <Field label={t("field.name")} required maxLength={80} value={name.value} onInput={(e) => { name.value = e.currentTarget.value; }} error={failed.value?.at?.("/name")} />
        <Field label={t("field.slug")} hint={t("routines.slug_hint")} required maxLength={64} pattern="[a-z0-9]+(-[a-z0-9]+)*" autocapitalize="none" spellcheck={false}
          value={made} onInput={(e) => { slug.value = e.currentTarget.value; }} error={failed.value?.at?.("/slug")} />
        <Field label={t("field.site")}>{(attributes) => (
          <select {...attributes} value={site.value} onChange={(e) => { site.value = e.currentTarget.value; }}>
            {everywhere && <option value="">{t("floor.all_sites")}</option>}
            {sites.value.map((each) => <option key={each.id} value={each.id}>{each.name}</option>)}
          </select>
        )}</Field>
        {children}
        {failed.value && <p class="error" role="alert">{explain(failed.value)}</p>}
        <div class="acts"><button type="button" onClick={onClose}>{t("cancel")}</button><button class="primary" disabled={busy.value}>{t("routines.make")}</button></div>
      </form>
    </Dialog>
  );
}

/* A draft has at least one step; this one is gentle and every unit can do it. */
const FIRST_STEP = {technique: "stroking", zones: ["sole"], duration_s: 60, intensity: 20, direction: "proximal"};

export const NewRoutine = ({onClose}) => (
  <Naming title={t("routines.new")} onClose={onClose}
    send={({name, slug, site_id, form}) => post("/routines", {slug, name, type: form.get("type"), goals: [], steps: [FIRST_STEP]}, {params: {site_id}})}>
    <Field label={t("field.type")}>{(attributes) => (
      <select {...attributes} name="type">{TYPES.map((each) => <option key={each} value={each}>{word("type", each)}</option>)}</select>
    )}</Field>
  </Naming>
);

export const CopyRoutine = ({routine, onClose}) => (
  <Naming title={t("routine.copy")} name={t("routine.copy_name", {name: said("routine_name", routine.name)}).slice(0, 80)} onClose={onClose}
    send={({name, slug, site_id}) => post(`/routines/${routine.slug}/copy`, {slug, name, site_id, version: routine.version})} />
);

/** A file is judged before anything is written. */
export function ImportRoutines({onClose, onDone}) {
  const judged = useSignal(null), failed = useSignal(null), busy = useSignal(false), existing = useSignal(false), site = useSignal("");
  const send = (document, dry) => post("/routines/import", document,
    {params: {dry_run: dry, existing: existing.value ? "draft" : "refuse", site_id: site.value}});
  const doing = async (fn) => {
    busy.value = true;
    failed.value = null;
    try { await fn(); } catch (problem) { failed.value = problem; }
    busy.value = false;
  };
  const judge = (document) => doing(async () => {
    judged.value = {document};
    judged.value = {document, ...await send(document, true)};
  });
  const choose = async (e) => {
    const file = e.currentTarget.files[0];
    judged.value = failed.value = null;
    if (!file) return;
    try {
      if (file.size > MOST_BYTES) throw new Error(t("routines.too_large"));
      await judge(JSON.parse(await file.text()));
    } catch (error) {
      failed.value = error instanceof SyntaxError ? t("routines.no_json") : error.message;
    }
  };
  const write = () => doing(async () => {
    const {items} = await send(judged.value.document, false);
    say(t("routines.imported", {n: items.length}));
    onDone();
    onClose();
  });
  const again = () => judged.value && judge(judged.value.document);
  const entries = judged.value?.document?.entries ?? [];
  const where = (pointer) => {
    const [, , index, ...rest] = pointer.split("/");
    return [entries[index]?.name ?? entries[index]?.slug, rest.length && pointerWords(`/${rest.join("/")}`)].filter(Boolean).join(", ");
  };
  return (
    <Dialog title={t("routines.import")} onClose={onClose}>
      <p>{t("routines.import_words")}</p>
      <Field label={t("routines.file")} type="file" accept=".json,application/json" onChange={choose} />
      <Field label={t("field.site")}>{(attributes) => (
        <select {...attributes} value={site.value} onChange={(e) => { site.value = e.currentTarget.value; again(); }}>
          {me.value?.all_sites !== false && <option value="">{t("floor.all_sites")}</option>}
          {sites.value.map((each) => <option key={each.id} value={each.id}>{each.name}</option>)}
        </select>
      )}</Field>
      <label class="check"><input type="checkbox" checked={existing.value} onChange={(e) => { existing.value = e.currentTarget.checked; again(); }} /> {t("routines.existing")}</label>
      {judged.value?.items && <ul>{judged.value.items.map((each) => <li key={each.slug}>{each.slug}: {each.is_new ? t("routines.is_new") : t("routines.next_draft", {version: each.version})}</li>)}</ul>}
      {failed.value && (
        <div class="error" role="alert">
          <p>{failed.value.status ? problemWords(failed.value)[0] : explain(failed.value)}</p>
          <ul>{failed.value.errors?.map((each) => <li key={each.pointer}>{[where(each.pointer), faultWords(each)].filter(Boolean).join(": ")}</li>)}</ul>
        </div>
      )}
      <div class="acts"><button onClick={onClose}>{t("cancel")}</button><button class="primary" disabled={busy.value || !judged.value?.items} onClick={write}>{t("routines.import_now")}</button></div>
    </Dialog>
  );
}

/** The newest draft of a routine: the one that is there, or a copy of this version. */
export async function draftOf(routine) {
  const {items} = await get(`/routines/${routine.slug}/versions`, {limit: 200});
  return items.find((each) => each.state === "draft") ??
    post(`/routines/${routine.slug}/copy`, {slug: routine.slug, version: routine.version, site_id: routine.site_id ?? undefined});
}
