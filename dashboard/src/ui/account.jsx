// Who is signed in, the language, light or dark, and the way out.
import {useSignal} from "@preact/signals";
import {me, request} from "../data/api.js";
import {go} from "../routes.js";
import {LANGUAGES, language, setLanguage, t, word} from "../texts/index.js";
import {Select} from "./choose.jsx";
import {setTheme, theme, THEMES} from "./theme.js";
import {Icon} from "./icon.jsx";
import {complain} from "./toast.jsx";

async function signOut() {
  try {
    await request("POST", "/sign-out");
    me.value = null;
    go("/sign-in");
  } catch (problem) {
    complain(problem);
  }
}

async function chooseLanguage(which) {
  await setLanguage(which);
  if (me.value?.kind === "user") request("PATCH", "/me", {body: {language: which}}).catch(() => {});
}

export function AccountMenu() {
  const open = useSignal(false);
  return (
    <div class="account" onKeyDown={(e) => { if (e.key === "Escape") open.value = false; }}>
      <button class="plain" aria-expanded={open.value} aria-haspopup="true" onClick={() => { open.value = !open.value; }}>
        <Icon name="person" /><span>{me.value?.name}</span>
      </button>
      {open.value && (
        <div class="popup">
          <p><b>{me.value?.name}</b><br /><small>{word("role", me.value?.role)}</small></p>
          <label>{t("account.language")}
            <select value={language.value} onChange={(e) => chooseLanguage(e.currentTarget.value)}>
              {Object.entries(LANGUAGES).map(([id, name]) => <option key={id} value={id} lang={id}>{name}</option>)}
            </select>
          </label>
          <label>{t("account.theme")}
            <Select value={theme.value} onPick={setTheme} of={THEMES} say={(id) => t(`theme.${id}`)} />
          </label>
          <button onClick={signOut}>{t("account.sign_out")}</button>
        </div>
      )}
    </div>
  );
}
