// Builds the page into OUT (default ../build/dashboard): index.html, and assets/ with hashed names and, beside each, its
// .gz and .br. Prints what a browser has to load. usage: node build.mjs [OUT]
import {build} from "esbuild";
import {minify} from "terser";
import {brotliCompressSync, constants} from "node:zlib";
import {createHash} from "node:crypto";
import {mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync} from "node:fs";
import {dirname, join, resolve} from "node:path";
import {fileURLToPath} from "node:url";
import {shortKeys} from "./short-keys.mjs";
import {leanUplot} from "./uplot-lean.mjs";

const HERE = dirname(fileURLToPath(import.meta.url));
const OUT = resolve(process.argv[2] ?? join(HERE, "../build/dashboard"));
const ASSETS = join(OUT, "assets");
/* kB of script and style, gzip, the texts of the languages aside: all pages are one script and one style. */
const LIMIT_KB = 80;
const ZOPFLI = {numiterations: 10};
const TERSER = {module: true, ecma: 2020, format: {comments: false},
  compress: {passes: 8, inline: 1, keep_fargs: false, lhs_constants: false, unsafe: true, unsafe_arrows: true, unsafe_methods: true}};
const SOURCES = join(HERE, "src"), keys = shortKeys(SOURCES);

/* Our own sources, with short keys of texts; the names that markup becomes: esbuild's own `inject` would make every file need them,
 * the drawing library too. A language's texts are one table: as JSON each of a thousand keys would be an export besides. */
const sources = {
  name: "sources",
  setup(build) {
    const read = (contents, loader) => ({path}) => (path.startsWith(SOURCES) ? {contents: contents(readFileSync(path, "utf8")), loader} : undefined);
    build.onLoad({filter: /\.js$/}, read(keys.script, "js"));
    build.onLoad({filter: /\.jsx$/}, read((text) => `import {h, Fragment} from "preact";${keys.script(text)}`, "jsx"));
    build.onLoad({filter: /\.json$/}, read((text) => `export default ${keys.texts(text)}`, "js"));
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
  // Only the drawing library has such names, for what it keeps to itself.
  mangleProps: /^_[a-z]/,
  plugins: [leanUplot, sources],
  // What terser makes of a script depends on how it is asked: so must the script's name.
  banner: {js: `/*${createHash("sha256").update(JSON.stringify([TERSER, readFileSync(join(HERE, "package-lock.json"), "utf8")])).digest("hex")}*/`},
  metafile: true,
});
const made = Object.entries(result.metafile.outputs);
const nameOf = (path) => path.split("/").pop();
const pathOf = (entryPoint) => made.find(([, out]) => out.entryPoint === entryPoint)[0];

for (const [path] of made) {
  if (!path.endsWith(".js")) continue;
  const file = join(ASSETS, nameOf(path));
  writeFileSync(file, (await minify(readFileSync(file, "utf8"), TERSER)).code);
}

const main = nameOf(pathOf("src/main.jsx")), style = nameOf(pathOf("src/styles/index.css"));
writeFileSync(join(OUT, "index.html"), readFileSync(join(HERE, "src/index.html"), "utf8")
  .replace("{{script}}", `/assets/${main}`)
  .replace("{{style}}", `/assets/${style}`));

const {gzipAsync} = await import("@gfx/zopfli"); // only now: from then on it catches every error, and prints itself instead
const zipped = {};
await Promise.all(readdirSync(ASSETS).map(async (name) => {
  const bytes = readFileSync(join(ASSETS, name)), gz = await gzipAsync(bytes, ZOPFLI);
  zipped[name] = gz.length;
  writeFileSync(join(ASSETS, `${name}.gz`), gz);
  writeFileSync(join(ASSETS, `${name}.br`), brotliCompressSync(bytes, {params: {[constants.BROTLI_PARAM_QUALITY]: 11}}));
}));

const kB = made.filter(([path, out]) => /\.(js|css)$/.test(path) && !out.entryPoint?.startsWith("src/texts/"))
  .reduce((bytes, [path]) => bytes + zipped[nameOf(path)], 0) / 1000;
console.log(`dashboard: script and style (gzip): ${kB.toFixed(1)} kB`);
if (kB > LIMIT_KB) {
  console.error(`dashboard: ${kB.toFixed(1)} kB: the limit is ${LIMIT_KB}`);
  process.exitCode = 1;
}
