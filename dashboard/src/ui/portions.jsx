// A list of any length, drawn in portions: what is near the screen at once, the rest a portion at a time when the browser has
// nothing better to do, so that finding in the page and a screen reader reach all of it. A portion out of sight costs nothing: its
// layout is left out (content-visibility), and what counts in it stands still (`near`).
import {useSignal} from "@preact/signals";
import {useEffect, useLayoutEffect, useRef} from "preact/hooks";

const PORTION = 24; // a multiple of every number of columns there is
const NEAR = "600px 0px", IDLE_MOST_MS = 1000;

const waiting = new Set();
let asked = false;
const whenIdle = globalThis.requestIdleCallback ?? ((fn) => setTimeout(fn, 50));
function drawNext() {
  asked = false;
  const [next] = waiting;
  if (!next) return;
  waiting.delete(next);
  next();
  ask();
}
function ask() {
  if (!asked && waiting.size) { asked = true; whenIdle(drawNext, {timeout: IDLE_MOST_MS}); }
}

function Portion({ids, of: Item, as: Tag = "div", class: name, tall, first}) {
  const holder = useRef(), near = useSignal(first), drawn = useSignal(first);
  useEffect(() => {
    const draw = () => { waiting.delete(draw); drawn.value = true; };
    const watch = new IntersectionObserver((seen) => {
      near.value = seen.at(-1).isIntersecting;
      if (near.peek()) draw();
    }, {rootMargin: NEAR});
    watch.observe(holder.current);
    if (!drawn.peek()) { waiting.add(draw); ask(); }
    return () => { watch.disconnect(); waiting.delete(draw); };
  }, []);
  const style = drawn.value ? {containIntrinsicSize: `auto ${tall}px`, height: ""} : {height: `${tall}px`, containIntrinsicSize: ""};
  return <Tag class={`portion ${name}`} ref={holder} style={style}>{drawn.value && ids.map((id) => <Item key={id} id={id} near={near} />)}</Tag>;
}

/** ids, each drawn as <of id near />, where near is a signal; as, class: of a portion, which lays its items out. */
export function Portions({ids, ...of}) {
  const holder = useRef(), columns = useSignal(3), row = useSignal(300);
  useLayoutEffect(() => {
    const measure = () => {
      const first = holder.current.firstElementChild, style = getComputedStyle(first);
      columns.value = style.gridTemplateColumns.split(" ").length;
      row.value = (first.firstElementChild?.offsetHeight ?? 0) + (parseFloat(style.rowGap) || 0);
    };
    const watch = new ResizeObserver(measure);
    watch.observe(holder.current);
    return () => watch.disconnect();
  }, []);
  const portions = Array.from({length: Math.ceil(ids.length / PORTION)}, (_, i) => ids.slice(i * PORTION, (i + 1) * PORTION));
  return <div class="portions" ref={holder}>{portions.map((some, i) => <Portion key={i} {...of} ids={some} tall={Math.ceil(some.length / columns.value) * row.value} first={i === 0} />)}</div>;
}
