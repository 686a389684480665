// Builds the page into OUT (default ../build/dashboard): index.html, and assets/ with hashed names and, beside each, its
// .gz and .br. Prints what a browser has to load. usage: node build.mjs [OUT]
import {build} from "esbuild";
import {minify} from "terser";
import {brotliCompressSync, constants} from "node:zlib";
import {createHash} from "node:crypto";
import {mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync} from "node:fs";
import {dirname, join, resolve} from "node:path";
import {fileURLToPath} from "node:url";
import {leanUplot} from "./uplot-lean.mjs";

const HERE = dirname(fileURLToPath(import.meta.url));
const OUT = resolve(process.argv[2] ?? join(HERE, "../build/dashboard"));
const ASSETS = join(OUT, "assets");
/* kB of script and style, gzip, the texts of the languages aside. The aim for all pages together is 80: what has been reached stands
 * here as a ratchet that only turns downwards. The heaviest page is what a browser loads that opens at that page. */
const LIMIT_KB = {"for all pages": 92, "for the heaviest page": 70, "for the floor": 30};
const ZOPFLI = {numiterations: 10};
const TERSER = {module: true, ecma: 2020, compress: {passes: 3, unsafe_arrows: true, unsafe_methods: true, hoist_props: true}, format: {comments: false}};
const GROUPS = ["src/pages/day.js", "src/pages/owner.js"];

/* The names that markup becomes; esbuild's own `inject` would make every file need them, the drawing library too. */
const markup = {
  name: "markup",
  setup(build) {
    build.onLoad({filter: /\.jsx$/}, ({path}) => ({contents: `import {h, Fragment} from "preact";${readFileSync(path, "utf8")}`, loader: "jsx"}));
  },
};

/* A language's texts as one table: as JSON each of a thousand keys would be an export besides. */
const texts = {
  name: "texts",
  setup(build) {
    build.onLoad({filter: /src\/texts\/.*\.json$/}, ({path}) => ({contents: `export default ${readFileSync(path, "utf8")}`, loader: "js"}));
  },
};

rmSync(OUT, {recursive: true, force: true});
mkdirSync(ASSETS, {recursive: true});
const result = await build({
  absWorkingDir: HERE,
  entryPoints: {app: "src/main.jsx", style: "src/styles/index.css"},
  outdir: ASSETS,
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  bundle: true,
  splitting: true,
  format: "esm",
  minify: true,
  charset: "utf8",
  target: ["es2022", "chrome109", "firefox115", "safari16"],
  // The classic transform: its calls are shorter than those with children among the properties.
  jsx: "transform",
  jsxFactory: "h",
  jsxFragment: "Fragment",
  loader: {".svg": "file"},
  legalComments: "none",
  plugins: [leanUplot, markup, texts],
  // What terser makes of a script depends on how it is asked: so must the script's name.
  banner: {js: `/*${createHash("sha256").update(JSON.stringify([TERSER, readFileSync(join(HERE, "package-lock.json"), "utf8")])).digest("hex")}*/`},
  metafile: true,
});
const outputs = result.metafile.outputs, made = Object.entries(outputs);
const nameOf = (path) => path.split("/").pop();
const pathOf = (entryPoint) => made.find(([, out]) => out.entryPoint === entryPoint)[0];
const isText = (path) => !!outputs[path].entryPoint?.startsWith("src/texts/");

for (const [path] of made) {
  if (!path.endsWith(".js")) continue;
  const file = join(ASSETS, nameOf(path));
  writeFileSync(file, (await minify(readFileSync(file, "utf8"), TERSER)).code);
}

/* What these load at once, or, `later` too, what they ask for when it is needed, but for other groups of pages. */
function reach(paths, later = false, found = new Set()) {
  for (const path of paths) {
    if (found.has(path) || isText(path)) continue;
    found.add(path);
    reach(outputs[path].imports.filter((each) => outputs[each.path] && (each.kind === "import-statement" || (later && !GROUPS.includes(outputs[each.path].entryPoint))))
      .map((each) => each.path), later, found);
  }
  return found;
}

/* What the first page needs is asked for at once, not file after file as each is read. */
const main = pathOf("src/main.jsx"), style = pathOf("src/styles/index.css");
const preloads = [...reach([main])].map((path) => `<link rel="modulepreload" href="/assets/${nameOf(path)}">`).join("\n");
writeFileSync(join(OUT, "index.html"), readFileSync(join(HERE, "src/index.html"), "utf8")
  .replace("{{script}}", `/assets/${nameOf(main)}`)
  .replace("{{preloads}}", preloads)
  .replace("{{style}}", `/assets/${nameOf(style)}`));

const {gzipAsync} = await import("@gfx/zopfli"); // only now: from then on it catches every error, and prints itself instead
const zipped = {};
await Promise.all(readdirSync(ASSETS).map(async (name) => {
  const bytes = readFileSync(join(ASSETS, name)), gz = await gzipAsync(bytes, ZOPFLI);
  zipped[name] = gz.length;
  writeFileSync(join(ASSETS, `${name}.gz`), gz);
  writeFileSync(join(ASSETS, `${name}.br`), brotliCompressSync(bytes, {params: {[constants.BROTLI_PARAM_QUALITY]: 11}}));
}));

const sum = (paths) => [...paths].reduce((bytes, path) => bytes + zipped[nameOf(path)], 0) / 1000;
const pages = GROUPS.map((group) => [group, sum(reach([main, style, pathOf(group)], true))]).sort((a, b) => b[1] - a[1]);
const reached = {
  "for all pages": sum(made.map(([path]) => path).filter((path) => /\.(js|css)$/.test(path) && !isText(path))),
  "for the heaviest page": pages[0][1],
  "for the floor": sum(reach([main, style])),
};
console.log(`dashboard: script and style (gzip), kB: ${Object.entries(reached).map(([what, kB]) => `${kB.toFixed(1)} ${what}`).join(", ")} (${nameOf(pages[0][0])})`);
for (const [what, kB] of Object.entries(reached)) {
  if (kB <= LIMIT_KB[what]) continue;
  console.error(`dashboard: ${kB.toFixed(1)} kB ${what}: the limit is ${LIMIT_KB[what]}`);
  process.exitCode = 1;
}
