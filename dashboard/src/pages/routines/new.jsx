// The questions before a routine is there: a new one, a copy, a document that is imported.
import {useSignal} from "@preact/signals";
import {get, me, post} from "../../data/api.js";
import {sites} from "../../data/live.js";
import {go} from "../../routes.js";
import {said, t, word} from "../../texts/index.js";
import {faultWords, problemWords} from "../../texts/told.js";
import {Check, Select} from "../../ui/choose.jsx";
import {Dialog} from "../../ui/dialog.jsx";
import {Field} from "../../ui/field.jsx";
import {FormDialog} from "../../ui/form.jsx";
import {useTask} from "../../ui/task.jsx";
import {explain, say} from "../../ui/toast.jsx";
import {pointerWords, slugOf, TYPES} from "./words.js";

const MOST_BYTES = 1 << 20;

/* Whether who is signed in may make what is for all sites. */
const everywhere = () => me.value?.all_sites !== false;

/** Name, address and site: what a new routine and a copy need. send(values) makes it and gives the routine. */
function Naming({title, send, name: first = "", onClose, children}) {
  const name = useSignal(first), slug = useSignal(null);
  const site = useSignal(everywhere() ? "" : sites.value[0]?.id ?? "");
  const made = slug.value ?? slugOf(name.value);
  const make = async (form) => {
    const {slug: there} = await send({name: name.value.trim(), slug: made, site_id: site.value || undefined, form});
    go(`/routines/${there}/edit`);
  };
  return (
    <FormDialog title={title} act={t("routines.make")} onClose={onClose} send={make}>
      {(at) => (
        <>
          <Field label={t("field.name")} required maxLength={80} value={name.value} onText={(text) => { name.value = text; }} error={at("/name")} />
          <Field label={t("field.slug")} hint={t("routines.slug_hint")} required maxLength={64} pattern="[a-z0-9]+(-[a-z0-9]+)*" autocapitalize="none" spellcheck={false}
            value={made} onText={(text) => { slug.value = text; }} error={at("/slug")} />
          <Field label={t("field.site")}>{(own) => <Select {...own} is={site} none={everywhere() && t("floor.all_sites")} of={sites.value} />}</Field>
          {children}
        </>
      )}
    </FormDialog>
  );
}

/* A draft has at least one step; this one is gentle and every unit can do it. */
const FIRST_STEP = {technique: "stroking", zones: ["sole"], duration_s: 60, intensity: 20, direction: "proximal"};

export const NewRoutine = ({onClose}) => (
  <Naming title={t("routines.new")} onClose={onClose}
    send={({name, slug, site_id, form}) => post("/routines", {slug, name, type: form.get("type"), goals: [], steps: [FIRST_STEP]}, {params: {site_id}})}>
    <Field label={t("field.type")}>{(own) => <Select {...own} name="type" of={TYPES} say={(each) => word("type", each)} />}</Field>
  </Naming>
);

export const CopyRoutine = ({routine, onClose}) => (
  <Naming title={t("routine.copy")} name={t("routine.copy_name", {name: said("routine_name", routine.name)}).slice(0, 80)} onClose={onClose}
    send={({name, slug, site_id}) => post(`/routines/${routine.slug}/copy`, {slug, name, site_id, version: routine.version})} />
);

/** A file is judged before anything is written. */
export function ImportRoutines({onClose, onDone}) {
  const judged = useSignal(null), {busy, problem: failed, run: doing} = useTask(), existing = useSignal(false), site = useSignal("");
  const send = (document, dry) => post("/routines/import", document,
    {params: {dry_run: dry, existing: existing.value ? "draft" : "refuse", site_id: site.value}});
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
      <Field label={t("field.site")}>{(own) => <Select {...own} value={site.value} onPick={(id) => { site.value = id; again(); }} none={everywhere() && t("floor.all_sites")} of={sites.value} />}</Field>
      <Check checked={existing.value} onCheck={(yes) => { existing.value = yes; again(); }}>{t("routines.existing")}</Check>
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
