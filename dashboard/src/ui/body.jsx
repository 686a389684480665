// Foot, leg, back and hand as a picture, with zones of the catalogue lit. Seen as the person who treats sees them: the guest's
// right is at the left of the picture, but where one looks from behind. Each view is drawn once, for that side; the other is its mirror.
//   <Body zones={["sole", "toe-1"]} side="both" />          the views that show these zones
//   <Body zones={{sole: 60}} />                            lit as strongly as the percent says
//   <Body views={["sole"]} zones={[]} onPick={(zone, side) => ...} />   zones are buttons; without zones, `views` says what to draw
import {useId} from "preact/hooks";
import {t, word} from "../texts/index.js";

/** What each zone is part of, as in the catalogue: lighting the whole lights its parts. */
export const PART_OF = {
  "lower-back": "back", buttocks: "back", hip: "leg", thigh: "leg", knee: "leg", "lower-leg": "leg", calf: "lower-leg", shin: "lower-leg",
  achilles: "lower-leg", foot: "leg", ankle: "foot", instep: "foot", "foot-edges": "foot", sole: "foot", heel: "sole", arch: "sole", ball: "sole",
  toes: "foot", "toe-1": "toes", "toe-2": "toes", "toe-3": "toes", "toe-4": "toes", "toe-5": "toes", "toe-webs": "toes", forearm: "arm", hand: "arm",
  wrist: "hand", "hand-back": "hand", palm: "hand", fingers: "hand", fingertips: "fingers", "finger-webs": "fingers", "finger-1": "fingers",
  "finger-2": "fingers", "finger-3": "fingers", "finger-4": "fingers", "finger-5": "fingers",
};

const TOES = [["toe-1", 78, 33, 13.5, 19, 6], ["toe-2", 56, 27, 8.8, 15.5, 0], ["toe-3", 40, 32, 8, 14, -4], ["toe-4", 26.5, 42, 7.5, 12.5, -10],
  ["toe-5", 14.5, 57, 7.5, 11, -18]];
const toes = (nails) => TOES.map(([zone, x, y, rx, ry, turn]) => ({zone, ellipse: [x, y, rx, ry, turn],
  line: nails ? `M${x - rx * 0.5} ${y - ry * 0.5}a${rx * 0.5} ${ry * 0.42} 0 0 1 ${rx} 0v${ry * 0.2}a${rx * 0.5} ${ry * 0.2} 0 0 1 ${-rx} 0z` : undefined}));
const webs = [[65.5, 47], [48.5, 46], [34, 53], [21.5, 63]].map(([x, y]) => ({zone: "toe-webs", small: true, ellipse: [x, y, 4, 5.5, 0]}));
/* [zone, where it begins, how far that line bends], from the top; each ends where the next begins. */
const bands = (...rows) => rows.map(([zone, from, dip], i) => {
  const [, to, bend] = rows[i + 1] ?? ["", 460, 0];
  return {zone, clipped: true, path: `M-30 ${from}Q50 ${from + dip} 230 ${from}V${to + 0.5}Q50 ${to + 0.5 + bend} -30 ${to + 0.5}z`};
});
const FINGERS = [["finger-2", 68, 42], ["finger-3", 52, 26], ["finger-4", 36, 36], ["finger-5", 20.5, 60]];
const hand = (face) => ({
  pair: true, width: 116, height: 232, backward: face === "hand-back",
  outline: "M12 112C12 102 18 100 24 101H70C76 101 78 106 78 114L84 136C86 152 78 168 72 176C68 190 70 210 74 232H20C22 210 24 192 22 176C14 160 12 132 12 112z",
  zones: [...bands([face, 90, 0], ["wrist", 174, 6], ["forearm", 196, 6]),
    {zone: "finger-1", behind: true, path: "M70 150C82 134 92 120 98 108C103 100 114 104 112 113C107 134 97 154 76 176z"},
    ...FINGERS.map(([zone, x, top]) => ({zone, path: `M${x - 7} 108V${top + 7}a7 7 0 0 1 14 0V108a7 4 0 0 1-14 0z`})),
    ...FINGERS.map(([, x, top]) => ({zone: "fingertips", small: true, path: `M${x - 7} ${top + 20}V${top + 7}a7 7 0 0 1 14 0v13z`})),
    {zone: "fingertips", small: true, path: "M92 118L98 108C103 100 114 104 112 113L109 123z"},
    ...[60, 44, 28].map((x) => ({zone: "finger-webs", small: true, ellipse: [x, 106, 3.4, 5, 0]}))],
  lines: face === "palm" ? "M24 128C38 120 56 122 74 116M22 142C40 136 58 138 68 128M74 130C60 142 54 158 56 172"
    : `M22 118L26 150M37 114L38 152M52 114L50 152M66 116L62 150${FINGERS.map(([, x, top]) => `M${x - 5.5} ${top + 8}h11v-5a5.5 5.5 0 0 0-11 0z`).join("")}`,
});
const LEG = "M10 0C6 60 15 120 23 166C27 188 26 200 24 214C18 246 24 288 33 330C37 350 36 362 35 372C28 384 19 398 23 407C33 415 58 415 67 408C71 397 63 384 61 372C60 352 67 312 70 288C75 256 68 234 65 214C65 200 69 186 73 166C84 124 94 80 93 34C93 20 93 10 92 0z";

const VIEWS = {
  sole: {
    pair: true, width: 100, height: 232,
    outline: "M90 66C95 84 88 108 77 128C71 142 73 164 75 186C77 208 66 226 49 226C32 226 23 210 22 190C21 160 10 134 6 106C4 90 6 76 14 70C34 58 58 48 76 49C84 50 88 56 90 66z",
    zones: [...bands(["ball", 40, 0], ["arch", 108, -14], ["heel", 174, -14]), {zone: "foot-edges", edge: true}, ...toes(false), ...webs],
    lines: "M16 92C36 78 62 74 88 82M70 130C62 146 60 160 63 174",
  },
  top: {
    pair: true, width: 100, height: 232, flip: true,
    outline: "M90 66C94 84 90 106 82 126C77 142 78 158 82 172C85 186 80 194 76 204L75 232H27L26 204C20 194 16 186 20 172C22 156 14 136 9 110C6 92 7 78 15 70C34 58 58 48 76 49C84 50 88 56 90 66z",
    zones: [...bands(["instep", 40, 0], ["ankle", 166, -6], ["lower-leg", 206, -4]), ...toes(true), ...webs],
    lines: "M74 76L60 150M56 70L54 150M41 74L49 150M28 82L44 148M26 180a6 8 0 0 1 6 8M76 180a6 8 0 0 0-6 8",
  },
  "leg-front": {
    pair: true, width: 98, height: 416, outline: LEG,
    zones: bands(["hip", -10, 0], ["thigh", 52, 22], ["knee", 178, 4], ["shin", 226, 6], ["ankle", 346, 2], ["foot", 378, 4]),
    lines: "M33 196C38 184 54 184 58 196C60 210 52 218 46 218C38 218 31 210 33 196zM50 236C48 270 49 300 50 334M30 404l-1 6M38 406v7M47 407v7M56 406v6",
  },
  "leg-back": {
    pair: true, width: 98, height: 416, outline: LEG, backward: true,
    zones: bands(["buttocks", -10, 0], ["thigh", 62, 30], ["knee", 178, 4], ["calf", 222, -8], ["achilles", 296, 24], ["heel", 378, 4]),
    lines: "M18 66C40 84 72 84 93 62M32 196C40 202 54 202 60 196M47 230C46 252 47 276 48 296M28 296C38 308 58 308 68 294M44 320L43 372M52 320L53 372M48 90C47 120 46 150 46 172",
  },
  back: {
    width: 200, height: 260, outline: "M78 0V20C70 34 34 36 24 50C16 64 30 84 40 104C48 128 52 148 48 172C42 196 38 216 40 260H160C162 216 158 196 152 172C148 148 152 128 160 104C170 84 184 64 176 50C166 36 130 34 122 20V0z",
    zones: bands(["back", -10, 0], ["lower-back", 124, 8], ["buttocks", 186, 12]),
    lines: "M100 24V180M62 62C68 84 76 96 86 100M138 62C132 84 124 96 114 100M100 196V256M48 240C60 258 88 258 100 238C112 258 140 258 152 240",
  },
  palm: hand("palm"),
  "hand-back": hand("hand-back"),
};

const ORDER = Object.keys(VIEWS);

function* withWholes(zone) {
  for (let at = zone; at; at = PART_OF[at]) yield at;
}

/** How strongly a drawn zone is lit, 0 to 100: as itself, as a part of what is lit, or as what holds only undrawn parts. */
const levelOf = (zone, lit) => {
  for (const at of withWholes(zone)) if (at in lit) return lit[at];
  return 0;
};

/** The fewest views that show every one of these zones. */
export function viewsFor(zones) {
  const shows = (view, zone) => VIEWS[view].zones.filter((each) => [...withWholes(each.zone)].includes(zone)).length;
  const chosen = [];
  const best = (zone) => ORDER.map((view) => ({view, n: shows(view, zone)})).sort((a, b) => b.n - a.n)[0];
  for (const zone of zones) {
    if (zone === "leg") chosen.push("leg-front", "leg-back");
    else if (zone === "foot") chosen.push("top", "sole");
    else if (zone === "lower-leg") chosen.push("leg-front", "leg-back");
    else if (zone === "hand" || zone === "arm") chosen.push("palm", "hand-back");
    else if (!chosen.some((view) => shows(view, zone))) {
      const {view, n} = best(zone);
      if (n) chosen.push(view);
    }
  }
  return ORDER.filter((view) => chosen.includes(view));
}

function Shape({zone, outline, clip}) {
  if (zone.edge) return <path d={outline} clip-path={clip} class="zone-edge" />;
  if (zone.ellipse) {
    const [x, y, rx, ry, turn] = zone.ellipse;
    return <ellipse cx={x} cy={y} rx={rx} ry={ry} transform={turn ? `rotate(${turn} ${x} ${y})` : undefined} />;
  }
  return <path d={zone.path} clip-path={zone.clipped ? clip : undefined} />;
}

function One({view, side, lit, onPick, id, x = 0, mirrored}) {
  const {outline, zones, lines, width, height, flip} = VIEWS[view];
  const clip = `url(#${id})`;
  const turn = [x ? `translate(${x} 0)` : "", mirrored ? `translate(${width} 0) scale(-1 1)` : "", flip ? `translate(0 ${height}) scale(1 -1)` : ""].filter(Boolean).join(" ");
  const name = (zone) => (side === "both" ? word("zone", zone) : t(`body.${side}_zone`, {zone: word("zone", zone)}));
  const draw = (each, i) => {
    const level = levelOf(each.zone, lit);
    const pick = onPick && !each.small && {
      role: "button", tabIndex: 0, "aria-label": name(each.zone), "aria-pressed": level > 0,
      onClick: () => onPick(each.zone, side),
      onKeyDown: (e) => { if (e.key === "Enter" || e.key === " ") { e.preventDefault(); onPick(each.zone, side); } },
    };
    return (
      <g key={i} id={`${id}-${each.zone}-${i}`} data-zone={each.zone} class={`zone${level > 0 ? " zone-lit" : ""}${each.edge ? " zone-rim" : ""}${each.small ? " zone-small" : ""}`}
        fill-opacity={level > 0 && level < 100 ? 0.35 + 0.65 * level / 100 : undefined} {...pick}>
        <Shape zone={each} outline={outline} clip={clip} />
        {each.line && <path class="body-line" d={each.line} />}
      </g>
    );
  };
  return (
    <g transform={turn || undefined} class="body-one" data-side={side}>
      <clipPath id={id}><path d={outline} /></clipPath>
      {zones.filter((each) => each.behind).map(draw)}
      {zones.filter((each) => each.clipped).map(draw)}
      <path class="body-line" d={lines} clip-path={clip} />
      {zones.filter((each) => each.edge).map(draw)}
      <path class="body-outline" d={outline} />
      {zones.filter((each) => !each.clipped && !each.edge && !each.behind).map(draw)}
    </g>
  );
}

function View({view, lit, side, onPick}) {
  const id = useId().replace(/\W/g, "");
  const {pair, width, height, backward} = VIEWS[view];
  const gap = view.startsWith("leg") ? 4 : 22;
  const whole = pair ? width * 2 + gap : width;
  // The guest's right at the left of the picture; from behind it is the other way.
  const [first, second] = view === "leg-back" ? ["left", "right"] : ["right", "left"];
  const on = (which) => (side === "both" || side === which ? lit : {});
  const named = Object.keys(lit).map((zone) => word("zone", zone)).join(", ");
  const label = [word("view", view), named && t("body.lit", {zones: named}), named && pair && side !== "both" && t(`body.${side}`)].filter(Boolean).join(". ");
  const thumbsOut = backward && view === "hand-back";
  return (
    <figure class={`body-view body-${view}`}>
      <svg viewBox={`-4 -4 ${whole + 8} ${height + 8}`} role={onPick ? "group" : "img"} aria-label={label} focusable="false">
        <One view={view} id={`${id}a`} side={pair ? first : "both"} lit={pair ? on(first) : lit} onPick={onPick} mirrored={thumbsOut} />
        {pair && <One view={view} id={`${id}b`} side={second} lit={on(second)} onPick={onPick} x={width + gap} mirrored={!thumbsOut} />}
      </svg>
      <figcaption>{pair ? <><span>{t(`body.${first}`)}</span><b>{word("view", view)}</b><span>{t(`body.${second}`)}</span></> : <b>{word("view", view)}</b>}</figcaption>
    </figure>
  );
}

/** zones: ids, or ids with percent; side: both, left, right. */
export function Body({zones = [], side = "both", views, onPick}) {
  const lit = Array.isArray(zones) ? Object.fromEntries(zones.map((zone) => [zone, 100])) : zones;
  const fit = viewsFor(Object.keys(lit));
  const shown = views ?? (fit.length ? fit : ["sole"]);
  return <div class={`body body-of-${Math.min(shown.length, 3)}`}>{shown.map((view) => <View key={view} view={view} lit={lit} side={side} onPick={onPick} />)}</div>;
}
