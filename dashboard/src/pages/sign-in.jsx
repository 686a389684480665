// Sign in by name and password, or by a one-time link, which sets a password first.

import {useEffect} from "preact/hooks";
import {loadMe, request} from "../data/api.js";
import {go} from "../routes.js";
import {setLanguage, t} from "../texts/index.js";
import {me} from "../data/api.js";
import {Field} from "../ui/field.jsx";
import {Icon} from "../ui/icon.jsx";
import {Failed, useTask} from "../ui/task.jsx";


export default function SignIn({query}) {
  const code = query.get("code");
  const {busy, problem, run} = useTask();
  const enter = (body) => run(async () => {
    await request("POST", "/sign-in", {body});
    await loadMe();
    if (me.value?.language) await setLanguage(me.value.language);
    go(query.get("to") ?? "/");
  });
  const submit = (e) => {
    e.preventDefault();
    const form = new FormData(e.currentTarget);
    enter(code ? {code, password: form.get("password") || undefined} : {login: form.get("login"), password: form.get("password")});
  };
  useEffect(() => { if (me.peek()) go("/"); }, []);
  return (
    <form class="card sign-in" onSubmit={submit}>
      <h1><Icon name="mark" /> Pediluve</h1>
      {code ? <p>{t("sign_in.by_link")}</p>
        : <Field label={t("sign_in.login")} name="login" autocomplete="username" required autocapitalize="none" spellcheck={false} />}
      <Field label={code ? t("sign_in.new_password") : t("sign_in.password")} hint={code ? t("sign_in.new_password_hint") : undefined} name="password"
        type="password" autocomplete={code ? "new-password" : "current-password"} required={!code} minLength={code ? 10 : undefined}
        error={problem.value?.at?.("/password") || undefined} />
      <Failed of={problem.value}>{problem.value?.status === 401 ? t("sign_in.refused") : undefined}</Failed>
      <button class="primary" disabled={busy.value}>{t("sign_in.enter")}</button>
    </form>
  );
}
