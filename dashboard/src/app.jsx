// The frame: who is signed in, the menu, the signs that everybody must see (stream down, alarms), and the page.
import {useEffect, useRef} from "preact/hooks";
import {me} from "./data/api.js";
import {now, openAlarms, startLive} from "./data/live.js";
import {stream} from "./data/stream.js";
import {address, go, menu, present} from "./routes.js";
import {t} from "./texts/index.js";
import {Icon} from "./ui/icon.jsx";
import {Waiting} from "./ui/load.jsx";
import {Toasts} from "./ui/toast.jsx";
import {AlarmBar} from "./ui/alarm-bar.jsx";
import {AccountMenu} from "./ui/account.jsx";

function StreamSign() {
  const {state, since} = stream.value;
  if (state === "up" || (state === "connecting" && now.value - since < 4000)) return null;
  return <div class="sign sign-down" role="alert"><Icon name="plug" /> {t("stream.down", {s: Math.max(0, Math.round((now.value - since) / 1000))})}</div>;
}

function Menu() {
  const here = address.value.split("?")[0], nav = useRef();
  // Where the menu is wider than the screen, the present page is to be seen in it.
  useEffect(() => { nav.current.querySelector("[aria-current]")?.scrollIntoView({block: "nearest", inline: "nearest"}); }, [here]);
  return (
    <nav class="menu" ref={nav} aria-label={t("menu.label")}>
      {menu.value.map((page) => (
        <a key={page.name} href={`#${page.path}`} aria-current={here === page.path || (page.path !== "/" && here.startsWith(page.path)) ? "page" : undefined}>
          <Icon name={page.menu} /><span>{t(`menu.${page.name}`)}</span>
          {page.name === "alarms" && openAlarms.value.length > 0 && <b class="count" aria-label={t("alarms.open", {n: openAlarms.value.length})}>{openAlarms.value.length}</b>}
        </a>
      ))}
    </nav>
  );
}

function Page() {
  const {page, params, query} = present.value;
  useEffect(() => {
    document.title = page ? `${t(`menu.${page.name}`)} · Pediluve` : "Pediluve";
    document.getElementById("page")?.focus({preventScroll: true});
    scrollTo(0, 0);
  }, [page?.name, JSON.stringify(params)]);
  if (!page) return <div class="empty"><h1>{t("page.none")}</h1><a class="button" href="#/">{t("page.home")}</a></div>;
  return <page.View {...params} query={query} key={page.name} />;
}

function Frame() {
  useEffect(startLive, []);
  return (
    <>
      <a class="skip" href="#page" onClick={(e) => { e.preventDefault(); document.getElementById("page").focus(); }}>{t("page.skip")}</a>
      <header class="top">
        <a class="brand" href="#/"><Icon name="mark" /><span>Pediluve</span></a>
        <Menu />
        <AccountMenu />
      </header>
      <StreamSign />
      <AlarmBar />
      <main id="page" tabIndex={-1}><Page /></main>
      <Toasts />
    </>
  );
}

export function App() {
  const who = me.value;
  const {page} = present.value;
  useEffect(() => {
    // What was drawn may be behind the address: signing out has gone to the sign-in already.
    if (who === null && !present.peek().page?.open) go(`/sign-in${address.peek() !== "/" ? `?to=${encodeURIComponent(address.peek())}` : ""}`);
  }, [who, page?.name]);
  if (who === undefined) return <Waiting />;
  if (page?.open || who === null) return <main id="page" tabIndex={-1} class="alone"><Page /><Toasts /></main>;
  return <Frame />;
}
