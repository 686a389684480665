// What a unit measured over time: water with its target and the spread within a span, intensity, current. The figures
// stand beside as text; arrow keys read the picture point by point.
import {useSignal, useSignalEffect} from "@preact/signals";
import {useEffect, useRef} from "preact/hooks";
import UPlot from "uplot";
import {readTelemetry, summary} from "../data/telemetry.js";
import {celsius, dateTime, day, percent, time} from "../format.js";
import {language, t} from "../texts/index.js";
import {theme} from "./theme.js";
import {Unread, useRead} from "./read.jsx";

const HEIGHT = {water: 220, intensity: 130, current: 130};
const milliamps = (value) => (value === null || value === undefined ? "–" : `${Math.round(value).toLocaleString(language.value)} mA`);
const SHOW = {water: (value) => celsius(value), intensity: percent, current: milliamps};
/* An average hides what was between: least and most are those of the samples. */
const LEAST = {water: "waterMin", intensity: "intensity", current: "current"}, MOST = {water: "waterMax", intensity: "intensity", current: "currentMax"};
const AGAIN_MIN_MS = 5000, AGAIN_MAX_MS = 60000;

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/* A value between two gaps is no line: it is drawn as a point. */
const alone = (u, series) => {
  const values = u.data[series], there = (i) => values[i] !== null && values[i] !== undefined;
  return [...values.keys()].filter((i) => there(i) && !there(i - 1) && !there(i + 1));
};

/* Series of each picture: the columns it takes, and how they are drawn. */
function seriesOf(kind) {
  const line = {stroke: colour("--accent"), width: 2, points: {show: true, size: 6, fill: colour("--accent"), filter: alone}, spanGaps: false};
  const edge = {stroke: "transparent", width: 0, points: {show: false}, spanGaps: false};
  if (kind === "water") {
    return {columns: ["waterMin", "waterMax", "target", "water"], bands: [{series: [2, 1], fill: `${colour("--accent")}33`}],
      series: [edge, edge, {...line, stroke: colour("--warn"), width: 1.5, dash: [6, 4]}, line]};
  }
  if (kind === "current") {
    return {columns: ["currentMax", "current"], bands: [], series: [{...line, stroke: `${colour("--accent")}66`, width: 1}, line]};
  }
  return {columns: ["intensity"], bands: [], series: [{...line, fill: `${colour("--accent")}22`}]};
}

function axes(kind, zone) {
  const plain = {stroke: colour("--soft"), grid: {stroke: colour("--line"), width: 1}, ticks: {show: false}, font: "13px system-ui, sans-serif"};
  const long = 1.5 * 86400;
  return [
    {...plain, values: (u, splits) => splits.map((s) => (u.scales.x.max - u.scales.x.min > long ? day(s * 1000, zone) : time(s * 1000, zone))), space: 90, size: 30},
    {...plain, size: 62, values: (_, splits) => splits.map((value) => (kind === "water" ? `${value}°` : kind === "intensity" ? `${value} %` : value.toLocaleString(language.value)))},
  ];
}

const RANGE = {
  water: (_, least, most) => (least === null ? [20, 45] : [Math.floor(least - 1), Math.ceil(most + 1)]),
  intensity: () => [0, 110],
  current: (_, least, most) => [0, Math.max(100, (most ?? 0) * 1.15)],
};

function Picture({kind, data, zone, onPoint}) {
  const holder = useRef(), plot = useRef(null), latest = useRef(data), failed = useSignal(false);
  latest.current = data;
  const table = () => [data.columns.at, ...seriesOf(kind).columns.map((name) => data.columns[name])];
  useEffect(() => {
    const {series, bands} = seriesOf(kind);
    let watch;
    try {
      plot.current = new UPlot({
        width: Math.max(200, holder.current.clientWidth), height: HEIGHT[kind], padding: [8, 30, 0, 0], legend: {show: false},
        cursor: {sync: {key: "measured"}, y: false, drag: {x: false, y: false}, points: {size: 8}},
        scales: {x: {time: true, range: () => [latest.current.from / 1000, latest.current.to / 1000]}, y: {range: RANGE[kind]}},
        axes: axes(kind, zone), tzDate: zone ? (s) => UPlot.tzDate(new Date(s * 1000), zone) : undefined, series: [{}, ...series], bands,
        hooks: {setCursor: [(u) => onPoint(u.cursor.idx ?? null)]},
      }, table(), holder.current);
      watch = new ResizeObserver(([entry]) => plot.current?.setSize({width: Math.max(200, Math.floor(entry.contentRect.width)), height: HEIGHT[kind]}));
      watch.observe(holder.current);
    } catch {
      failed.value = true;
    }
    return () => { watch?.disconnect(); plot.current?.destroy(); plot.current = null; };
  }, []);
  useEffect(() => { plot.current?.setData(table()); }, [data]);
  const move = (e) => {
    const u = plot.current, step = {ArrowLeft: -1, ArrowRight: 1, PageUp: -20, PageDown: 20}[e.key];
    const count = data.columns.at.length;
    if (!u || !count || (!step && e.key !== "Home" && e.key !== "End")) return;
    e.preventDefault();
    const at = e.key === "Home" ? 0 : e.key === "End" ? count - 1 : Math.min(count - 1, Math.max(0, (u.cursor.idx ?? count - 1) + step));
    u.setCursor({left: u.valToPos(data.columns.at[at], "x"), top: 10});
  };
  return failed.value ? <p class="error" role="alert">{t("chart.failed")}</p>
    : <div class="chart-picture" ref={holder} tabIndex={0} role="img" aria-label={t("chart.keys", {what: t(`chart.of_${kind}`)})} onKeyDown={move} />;
}

/* Colours are read when a picture is made: it is made anew when they change. */
function useColours() {
  const turn = useSignal(0);
  useSignalEffect(() => { theme.value; language.value; turn.value = turn.peek() + 1; });
  useEffect(() => {
    const dark = matchMedia("(prefers-color-scheme: dark)"), change = () => { turn.value++; };
    dark.addEventListener("change", change);
    return () => dark.removeEventListener("change", change);
  }, []);
  return turn.value;
}

function Figures({kind, columns, at, zone}) {
  const found = summary(columns[kind]), least = summary(columns[LEAST[kind]]), most = summary(columns[MOST[kind]]), target = kind === "water" ? columns.target.at(-1) : null;
  const show = SHOW[kind];
  return (
    <dl class="chart-figures">
      <div class="chart-now"><dt>{at === null ? t("chart.last") : dateTime(columns.at[at] * 1000, zone)}</dt><dd>{show(at === null ? found?.last : columns[kind][at])}</dd></div>
      <div><dt>{t("chart.least")}</dt><dd>{show(least?.min)}</dd></div>
      <div><dt>{t("chart.most")}</dt><dd>{show(most?.max)}</dd></div>
      {kind === "water" && <div><dt>{t("chart.target")}</dt><dd>{target === null || target === undefined ? t("chart.no_target") : show(target)}</dd></div>}
    </dl>
  );
}

/** from, to in milliseconds; without `to` it ends now and goes on. hours instead of from: that long before the end. zone: the site's. */
export function Chart({device, session, from, to, hours, zone, kinds = ["water", "intensity", "current"]}) {
  const colours = useColours(), at = useSignal(null);
  const read = useRead((signal) => {
    const end = to ?? Date.now();
    return readTelemetry({device, session, from: from ?? end - hours * 3600000, to: Math.max(end, (from ?? 0) + 1000)}, signal);
  }, [device, session, from, to, hours]);
  const again = useRef();
  again.current = read.again;
  useEffect(() => {
    if (to) return undefined;
    const every = Math.min(AGAIN_MAX_MS, Math.max(AGAIN_MIN_MS, (hours ?? 1) * 3600));
    const timer = setInterval(() => { if (!document.hidden) again.current(); }, every);
    return () => clearInterval(timer);
  }, [to, hours]);
  const data = read.value;
  if (!data) return <Unread of={read} />;
  if (!data.columns.at.length) return <><Unread of={read} /><p class="soft">{t("chart.nothing")}</p></>;
  const shown = at.value !== null && at.value < data.columns.at.length ? at.value : null;
  return (
    <div class="charts">
      <Unread of={read} />
      {kinds.map((kind) => (
        <figure key={kind} class="chart">
          <figcaption><h3>{t(`chart.of_${kind}`)}</h3>{kind === "water" && <p class="chart-key"><i class="key-line" /> {t("chart.measured")} <i class="key-target" /> {t("chart.target")}</p>}
            <Figures kind={kind} columns={data.columns} at={shown} zone={zone} /></figcaption>
          <Picture key={`${colours} ${zone}`} kind={kind} data={data} zone={zone} onPoint={(index) => { at.value = index; }} />
        </figure>
      ))}
    </div>
  );
}
