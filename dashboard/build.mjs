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
const LIMIT_KB = 80; // gzip of script and style in all

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

let total = 0;
for (const name of readdirSync(ASSETS)) {
  const bytes = readFileSync(join(ASSETS, name));
  const zipped = gzipSync(bytes, {level: 9});
  writeFileSync(join(ASSETS, `${name}.gz`), zipped);
  writeFileSync(join(ASSETS, `${name}.br`), brotliCompressSync(bytes, {params: {[constants.BROTLI_PARAM_QUALITY]: 11}}));
  // The texts of the languages are data: a browser loads one of them.
  if (/\.(js|css)$/.test(name) && !/^(en|de|es|zh)-/.test(name)) total += zipped.length;
}
console.log(`dashboard: ${(total / 1000).toFixed(1)} kB of script and style (gzip), ${made.length} files`);
if (total > LIMIT_KB * 1000) {
  console.error(`dashboard: more than ${LIMIT_KB} kB`);
  process.exit(1);
}
