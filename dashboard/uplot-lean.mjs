// uPlot as our charts use it: lines over a time axis, a shared cursor, no legend, no zoom by dragging, linear scales. Its package has
// one file with every feature in it, and its own flags for leaving some out work only in its repository's build: here what our charts
// never ask for is answered once, with the constant that it always is, and the minifier drops what can no longer be reached. Each
// rule must fit as often as it says: another version of uPlot (the lock file pins this one) stops the build instead of a chart.
import {readFileSync} from "node:fs";

const RULES = [
  // [what it is about, what is found, how often, what stands there instead]
  ["one mode: series share their x", /\bmode == 1\b/g, 16, "true"],
  ["none with facets", /\bmode == 2\b/g, 16, "false"],
  ["linear scales", /\b(?:\w+\.)?distr == +(?:2|3|4|100)\b/g, 30, "false"],
  ["", /\bsc\.distr == 1\b/g, 1, "true"],
  ["", /\bsc\.distr >= 3\b/g, 1, "false"],
  ["", /\bxScaleDistr == [234]\b/g, 6, "false"],
  ["", /\bscaleX\.time\b/g, 1, "true"],
  ["x lies", /\b(?:scaleX|sx)\.ori == 0\b/g, 25, "true"],
  ["", /\bscaleX\.ori == 1\b/g, 9, "false"],
  ["no legend", /const showLegend = legend\.show;/g, 1, "const showLegend = false;"],
  ["", /if \(legend\.show && legend\.live && /g, 1, "if (false && "],
  ["", /if \(legend\.live\) \{\n\t\tconst getMultiVals/g, 1, "if (false) {\n\t\tconst getMultiVals"],
  ["words at the axes are ours", /av \|\| _timeAxisVals\b/g, 1, "av"],
  ["", /isArr\(av\) \?\n|isStr\(av\) \?\n/g, 2, "false ?\n"],
  ["", /\(isStr\(sv\) \? timeSeriesVal\([^:]+: sv \|\| _timeSeriesVal\)/g, 1, "sv"],
  ["", /\n\tconst (?:_timeAxisVals|_timeSeriesVal|_fmtDate) .*;/g, 3, ""],
  ["", /\n\tconst _timeAxisStamps = \[[^;]*;/g, 1, "\n\tconst _timeAxisStamps = 0;"],
  ["time in seconds", /\bms == 1 \?/g, 4, "false ?"],
  ["", /\nconst \[ timeIncrsMs, .*\n/g, 1, "\n"],
  ["", /\ngenIncrs\(2, -53, 53, \[1\]\);/g, 1, ""],
  ["nothing is dragged, clicked or zoomed", /select\.show && dragging\b/g, 1, "false"],
  ["", /\n\tlet dragging = false;/g, 1, ""],
  ["", /if \(dragging( && e != null|\) \{)/g, 2, (_, rest) => `if (false${rest}`],
  ["", /\n\t\tlet _dragging = dragging;|\n\t\tif \(_dragging\)\n\t\t\tdragging = _dragging;/g, 2, ""],
  ["", /\n\t\tonMouse\((?:mousedown|dblclick), .*/g, 2, ""],
  ["", /\n\tevents\.(?:mousedown|mouseup|dblclick) = .*/g, 3, ""],
  ["", /\n\tevents\["setSeries"\] = [^;]*;[^;]*;[^;]*;\n\t\};/g, 1, ""],
  ["", /\n\ton\("click", wrap, [^]*?\n\t\}, true\);/g, 1, ""],
  ["", /\bselect\.show\b/g, 5, "false"],
  ["no series is picked out", /const cursorFocus = .*;/g, 1, "const cursorFocus = false;"],
  ["what is made is not changed", /\n\tself\.(?:addSeries|delSeries|setSeries|addBand|setBand|delBand|setScale|setSelect|setLegend|batch) = \w+;/g, 10, ""],
  ["", /\bcursor\._lock\)/g, 6, "false)"],
  ["", /\n\t\telse if \(cursor\.lock\) [^]*?\n\t\t\}/g, 1, ""],
  ["axes have no title and lie straight", /\baxis\.label != null\b/g, 3, "false"],
  ["", /= side == 2 \? axis\.rotate\(self, values, i, _space\) : 0/g, 1, "= 0"],
  ["ranges are ours", /fnOrSelf\(rn \|\| \(isTime [^;]*\)\);/g, 1, "fnOrSelf(rn);"],
  ["", /if \(scaleKey != xScaleKey \|\| \(false && !isTime\)\) \{/g, 1, "if (false) {"],
  ["", /if \(scaleOpts\.from != null\)/g, 1, "if (false)"],
  ["the only hook is the cursor's", /\n\t+(?:\w+ && )?fire\("(?!setCursor")[^\n]*\);/g, 13, ""],
  ["", /\n\t\(opts\.plugins \|\| \[\]\)\.forEach\([^]*?\n\t\}\);/g, 2, ""],
  ["", /getBBox != null/g, 1, "false"],
  ["what charts share", /\nuPlot\.assign = assign;[^]*?\nuPlot\.pxRatio = pxRatio;[^]*?\nexport /g, 1, "\nuPlot.tzDate = tzDate;\nexport "],
];

function lean(text) {
  for (const [, found, times, instead] of RULES) {
    const count = text.match(found)?.length ?? 0;
    if (count !== times) throw new Error(`uplot-lean: ${found} fits ${count} times, not ${times}`);
    text = text.replace(found, typeof instead === "string" ? () => instead : instead);
  }
  return text;
}

export const leanUplot = {
  name: "uplot-lean",
  setup(build) {
    build.onLoad({filter: /uPlot\.esm\.js$/}, ({path}) => ({contents: lean(readFileSync(path, "utf8")), loader: "js"}));
  },
};
