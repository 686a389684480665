// Who may do what, and the sites: for owners.
import {useSignal} from "@preact/signals";
import {all, me, post, request} from "../data/api.js";
import {load, now} from "../data/live.js";
import {ago, dateTime} from "../format.js";
import {may} from "../routes.js";
import {language, t, word} from "../texts/index.js";
import {Field} from "../ui/field.jsx";
import {FormDialog} from "../ui/form.jsx";
import {Icon} from "../ui/icon.jsx";
import {OnceDialog} from "../ui/once.jsx";
import {Unread, useRead} from "../ui/read.jsx";
import {useAct} from "../ui/task.jsx";
import {complain, say} from "../ui/toast.jsx";

const ROLES = ["viewer", "operator", "manager", "owner"];
const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const JURISDICTIONS = ["default", "us-ca", "us-tx", "us-me", "us-ia"];
const ZONES = Intl.supportedValuesOf?.("timeZone") ?? [];
const aMonday = Date.UTC(2024, 0, 1);

const dayName = (i, how) => new Intl.DateTimeFormat(language.value, {weekday: how, timeZone: "UTC"}).format(new Date(aMonday + i * 86400000));

function RoleField({role, at}) {
  return (
    <fieldset class="choice-list"><legend>{t("people.role")}</legend>
      {ROLES.map((each) => (
        <label key={each}><input type="radio" name="role" value={each} defaultChecked={each === role} required /> <span><b>{word("role", each)}</b><small>{t(`people.role.${each}`)}</small></span></label>
      ))}
      {at("/role") && <p class="error">{at("/role")}</p>}
    </fieldset>
  );
}

function SitesField({sites, everywhere, chosen, at}) {
  const isAll = useSignal(everywhere);
  return (
    <fieldset class="choice-list"><legend>{t("people.sites")}</legend>
      <label><input type="checkbox" name="all_sites" defaultChecked={everywhere} onChange={(e) => { isAll.value = e.currentTarget.checked; }} /> <b>{t("floor.all_sites")}</b></label>
      {!isAll.value && sites.map((each) => <label key={each.id}><input type="checkbox" name="site_ids" value={each.id} defaultChecked={chosen.includes(each.id)} /> {each.name}</label>)}
      {(at("/site_ids") || at("/all_sites")) && <p class="error">{at("/site_ids") || at("/all_sites")}</p>}
    </fieldset>
  );
}

const scopeOf = (form) => (form.get("all_sites") ? {all_sites: true, site_ids: []} : {all_sites: false, site_ids: form.getAll("site_ids")});

/* user undefined: somebody new. */
function Person({user, sites, onClose, onDone}) {
  const send = async (form) => {
    const scope = scopeOf(form);
    if (!scope.all_sites && !scope.site_ids.length) throw new Error(t("people.choose_site"));
    const body = {login: form.get("login").trim(), name: form.get("name").trim(), role: form.get("role")};
    if (!user) {
      const made = await post("/users", {...body, ...(scope.all_sites ? {all_sites: true} : {site_ids: scope.site_ids})});
      onDone(made);
      return;
    }
    const {etag} = await request("GET", `/users/${user.id}`);
    await request("PATCH", `/users/${user.id}`, {etag, body: {...body, ...scope}});
    say(t("device.saved"));
    onDone();
  };
  return (
    <FormDialog title={user ? user.name : t("people.invite")} act={user ? t("save") : t("people.invite_act")} onClose={onClose} send={send}>
      {(at) => (
        <>
          <Field label={t("people.name")} name="name" required maxLength={64} defaultValue={user?.name} error={at("/name")} />
          <Field label={t("people.login")} hint={t("people.login_hint")} name="login" required maxLength={64} autocapitalize="none" spellcheck={false} autocomplete="off" defaultValue={user?.login} error={at("/login")} />
          <RoleField role={user?.role ?? "operator"} at={at} />
          <SitesField sites={sites} everywhere={user ? user.all_sites : sites.length < 2} chosen={user?.site_ids ?? []} at={at} />
        </>
      )}
    </FormDialog>
  );
}

function Users({sites}) {
  const read = useRead(() => all("/users"), []);
  const editing = useSignal(null), link = useSignal(null), ending = useSignal(null), {busy, run} = useAct();
  const invite = async (user) => {
    await run(async () => { link.value = {user, ...(await post(`/users/${user.id}/sign-in-link`))}; });
    read.again();
  };
  const setState = async (user, state) => {
    const {etag} = await request("GET", `/users/${user.id}`);
    await request("PATCH", `/users/${user.id}`, {etag, body: {state}});
    say(t(`people.is_${state}`, {name: user.name}));
    read.again();
  };
  const names = (ids) => ids.map((id) => sites.find((each) => each.id === id)?.name ?? t("people.other_site")).join(", ");
  return (
    <section class="card"><div class="page-head"><h2>{t("people.users")}</h2><button class="primary" onClick={() => { editing.value = {}; }}><Icon name="plus" /> {t("people.invite")}</button></div>
      <Unread of={read} />
      <ul class="people">{(read.value ?? []).map((user) => (
        <li key={user.id} class={user.state === "disabled" ? "person-off" : ""}>
          <div><h3>{user.name}{user.id === me.value?.id && <small> {t("people.you")}</small>}</h3>
            <p><b>{word("role", user.role)}</b> · {user.all_sites ? t("floor.all_sites") : names(user.site_ids)}</p>
            <p class="soft">{t("people.as", {login: user.login})} · {user.state === "disabled" ? t("people.off") : user.signed_in_at ? t("people.last", {ago: ago(user.signed_in_at, now.value)}) : user.link_until ? t("people.link_until", {at: dateTime(user.link_until)}) : t("people.never")}</p></div>
          <div class="actions">
            <button onClick={() => { editing.value = {user}; }} aria-label={`${t("edit")}: ${user.name}`}><Icon name="edit" /> {t("edit")}</button>
            {user.state === "active" ? <>
              <button disabled={busy.value} onClick={() => invite(user)} aria-label={`${t("people.link")}: ${user.name}`}>{t("people.link")}</button>
              {user.id !== me.value?.id && <button onClick={() => { ending.value = user; }} aria-label={`${t("people.disable")}: ${user.name}`}>{t("people.disable")}</button>}
            </> : <button onClick={() => setState(user, "active").catch(complain)} aria-label={`${t("people.enable")}: ${user.name}`}>{t("people.enable")}</button>}
          </div>
        </li>
      ))}</ul>
      {read.value?.length === 0 && <p class="soft">{t("people.none")}</p>}
      {editing.value && <Person user={editing.value.user} sites={sites} onClose={() => { editing.value = null; }} onDone={(made) => { if (made) invite(made); else read.again(); }} />}
      {link.value && <OnceDialog title={t("people.link_title", {name: link.value.user.name})} why={t("people.link_why", {name: link.value.user.name, until: dateTime(link.value.expires_at)})} values={[[t("people.link_label"), link.value.url]]} onClose={() => { link.value = null; }} />}
      {ending.value && (
        <FormDialog title={t("people.disable")} act={t("people.disable")} danger onClose={() => { ending.value = null; }} send={() => setState(ending.value, "disabled")}>
          {() => <p>{t("people.disable_sure", {name: ending.value.name})}</p>}
        </FormDialog>
      )}
    </section>
  );
}

const closedDates = (text) => [...new Set(text.split(/[\s,;]+/).filter(Boolean))].sort();

function Site({site, onClose, onDone}) {
  const send = async (form) => {
    const body = {name: form.get("name").trim(), timezone: form.get("timezone").trim(), opening_days: DAYS.filter((each) => form.getAll("opening_days").includes(each)), closed_dates: closedDates(form.get("closed_dates")),
      jurisdiction: form.get("jurisdiction")};
    if (site) {
      const {etag} = await request("GET", `/sites/${site.id}`);
      await request("PATCH", `/sites/${site.id}`, {etag, body});
    } else {
      await post("/sites", body);
    }
    say(t("device.saved"));
    onDone();
  };
  const zone = site?.timezone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  return (
    <FormDialog title={site ? site.name : t("people.site_add")} act={t("save")} onClose={onClose} send={send}>
      {(at) => (
        <>
          <Field label={t("devices.name")} name="name" required maxLength={80} defaultValue={site?.name} error={at("/name")} />
          <Field label={t("people.zone")} hint={t("people.zone_hint")} error={at("/timezone")}>
            {(own) => <><input {...own} name="timezone" required maxLength={64} list="time-zones" autocomplete="off" spellcheck={false} defaultValue={zone} /><datalist id="time-zones">{ZONES.map((each) => <option key={each} value={each} />)}</datalist></>}
          </Field>
          <fieldset class="choice-list days"><legend>{t("people.days")}</legend>
            {DAYS.map((each, i) => <label key={each}><input type="checkbox" name="opening_days" value={each} defaultChecked={!site || site.opening_days.includes(each)} /> {dayName(i, "short")}</label>)}
            {at("/opening_days") && <p class="error">{at("/opening_days")}</p>}
          </fieldset>
          <Field label={t("people.closed")} hint={t("people.closed_hint")} error={at("/closed_dates")}>
            {(own) => <textarea {...own} name="closed_dates" defaultValue={site?.closed_dates.join("\n")} />}
          </Field>
          <Field label={t("people.jurisdiction")} hint={t("people.jurisdiction_hint")} error={at("/jurisdiction")}>
            {(own) => <select {...own} name="jurisdiction">{JURISDICTIONS.map((each) => <option key={each} value={each} selected={each === (site?.jurisdiction ?? "default")}>{word("jurisdiction", each)}</option>)}</select>}
          </Field>
        </>
      )}
    </FormDialog>
  );
}

function Sites({read}) {
  const editing = useSignal(null);
  const daysOf = (site) => (site.opening_days.length === 7 ? t("people.every_day") : DAYS.flatMap((each, i) => (site.opening_days.includes(each) ? [dayName(i, "short")] : [])).join(", "));
  return (
    <section class="card"><div class="page-head"><h2>{t("people.site_list")}</h2><button onClick={() => { editing.value = {}; }}><Icon name="plus" /> {t("people.site_add")}</button></div>
      <Unread of={read} />
      <ul class="people">{(read.value ?? []).map((site) => (
        <li key={site.id}><div><h3>{site.name}</h3><p>{site.timezone} · {daysOf(site)}</p>
          <p class="soft">{word("jurisdiction", site.jurisdiction)} · {t("people.closed_count", {n: site.closed_dates.length})}</p></div>
          <div class="actions"><button onClick={() => { editing.value = {site}; }} aria-label={`${t("edit")}: ${site.name}`}><Icon name="edit" /> {t("edit")}</button></div></li>
      ))}</ul>
      {editing.value && <Site site={editing.value.site} onClose={() => { editing.value = null; }} onDone={() => { read.again(); load(); }} />}
    </section>
  );
}

export default function People() {
  const sites = useRead(() => all("/sites"), []);
  if (!may("administer")) return <p class="empty">{t("people.owners_only")}</p>;
  return (
    <>
      <h1>{t("menu.people")}</h1>
      <div class="people-grid"><Users sites={sites.value ?? []} /><Sites read={sites} /></div>
    </>
  );
}
