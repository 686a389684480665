// Builds the page into OUT (default ../build/dashboard): index.html, and assets/ with hashed names and, beside each, its
// .gz and .br. Prints what a browser has to load. usage: node build.mjs [OUT]
import {build} from "esbuild";
import {brotliCompressSync, constants, gzipSync} from "node:zlib";
import {mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync} from "node:fs";
import {dirname, join, resolve} from "node:path";
import {fileURLToPath} from "node:url";

const HERE = dirname(fileURLToPath(import.meta.url));
const OUT = resolve(process.argv[2] ?? join(HERE, "../build/dashboard"));
const ASSETS = join(OUT, "assets");
const LIMIT_KB = 80; // gzip of script and style that a browser loads for a page, in all

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
  target: ["es2022", "chrome109", "firefox115", "safari16"],
  jsx: "automatic",
  jsxImportSource: "preact",
  loader: {".json": "json", ".svg": "file"},
  legalComments: "none",
  metafile: true,
});

const made = Object.entries(result.metafile.outputs);
const entry = (name) => made.find(([, out]) => out.entryPoint === name)[0].split("/").pop();
/* What the first page needs is asked for at once, not file after file as each is read. */
const first = new Set();
const follow = (file) => {
  if (first.has(file)) return;
  first.add(file);
  for (const each of result.metafile.outputs[file].imports) if (each.kind === "import-statement") follow(each.path);
};
for (const [file, out] of made) if (["src/main.jsx", "src/pages/floor.jsx"].includes(out.entryPoint)) follow(file);
const preloads = [...first].map((file) => `<link rel="modulepreload" href="/assets/${file.split("/").pop()}">`).join("\n");
const html = readFileSync(join(HERE, "src/index.html"), "utf8")
  .replace("{{script}}", `/assets/${entry("src/main.jsx")}`)
  .replace("{{preloads}}", preloads)
  .replace("{{style}}", `/assets/${entry("src/styles/index.css")}`);
writeFileSync(join(OUT, "index.html"), html);

for (const name of readdirSync(ASSETS)) {
  const bytes = readFileSync(join(ASSETS, name));
  writeFileSync(join(ASSETS, `${name}.gz`), gzipSync(bytes, {level: 9}));
  writeFileSync(join(ASSETS, `${name}.br`), brotliCompressSync(bytes, {params: {[constants.BROTLI_PARAM_QUALITY]: 11}}));
}

/* What a browser loads to show one page: the frame and the style, the page, and what these import, at once or later. Other pages and
 * the texts of the languages, which are data, are not of it. */
const outputs = result.metafile.outputs;
const isPage = (out) => out.entryPoint?.startsWith("src/pages/"), isText = (out) => out.entryPoint?.startsWith("src/texts/");
function reach(path, found = new Set()) {
  if (found.has(path)) return found;
  found.add(path);
  for (const each of outputs[path].imports) {
    if (outputs[each.path] && !isText(outputs[each.path]) && !(each.kind === "dynamic-import" && isPage(outputs[each.path]))) reach(each.path, found);
  }
  return found;
}
const zipped = (path) => gzipSync(readFileSync(join(ASSETS, path.split("/").pop())), {level: 9}).length;
const pathOf = (entryPoint) => made.find(([, out]) => out.entryPoint === entryPoint)[0];
const frame = [...reach(pathOf("src/main.jsx")), pathOf("src/styles/index.css")];
const sum = (paths) => [...new Set(paths)].reduce((bytes, path) => bytes + zipped(path), 0) / 1000;
const pages = made.filter(([, out]) => isPage(out)).map(([path, out]) => [out.entryPoint.split("/").pop(), sum([...frame, ...reach(path)])]).sort((a, b) => b[1] - a[1]);
const all = sum(made.filter(([path, out]) => !isText(out) && /\.(js|css)$/.test(path)).map(([path]) => path));
console.log(`dashboard: ${pages[0][1].toFixed(1)} kB of script and style (gzip) for ${pages[0][0]}, the heaviest page; ${sum(frame).toFixed(1)} kB for the frame; ${all.toFixed(1)} kB for all ${pages.length} pages`);
if (pages[0][1] > LIMIT_KB) {
  console.error(`dashboard: more than ${LIMIT_KB} kB`);
  process.exit(1);
}
