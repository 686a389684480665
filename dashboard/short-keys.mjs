// The keys of the texts, short: "floor.stop" stands in the sources, "aQ" in what is built of them and of the texts. A key that is put
// together while the page runs keeps its name: `start.step.${step}`, or one of a group that is given to word(), named(), said() or
// told(), or to a component as `group`.
import {readFileSync, readdirSync} from "node:fs";
import {join} from "node:path";

const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const LITERAL = /"(\w+(?:\.[\w-]+)+)"/g;
const BEGUN = /`(\w+\.[\w.]*)\$\{/g, GROUPS = /\b(?:word|named|said|told)\([^,`]*?,|\bgroup=(?:"[^"]*"|\{[^}]*\})/g;

function madeBy(text) {
  const begun = [...text.matchAll(BEGUN)].map(([, start]) => start);
  const groups = [...text.matchAll(GROUPS)].flatMap(([call]) => [...call.matchAll(/"([\w.]+)"/g)].map(([, group]) => `${group}.`));
  const starts = [...new Set([...begun, ...groups])];
  return (key) => starts.some((start) => key.startsWith(start));
}

/** Of the folder of the sources: {script(text), texts(json)}, which give what is built of them. */
export function shortKeys(folder) {
  const keys = new Set(Object.keys(JSON.parse(readFileSync(join(folder, "texts/en.json"), "utf8"))));
  const names = readdirSync(folder, {recursive: true}).filter((name) => /\.jsx?$/.test(name)).sort();
  const text = names.map((name) => readFileSync(join(folder, name), "utf8")).join("\n"), isMade = madeBy(text);
  const written = new Set([...text.matchAll(LITERAL)].map(([, key]) => key).filter((key) => keys.has(key) && !isMade(key)));
  const short = new Map([...written].map((key, i) => [key, LETTERS[Math.floor(i / LETTERS.length)] + LETTERS[i % LETTERS.length]]));
  // The singular of a text goes with its plural.
  const plural = (key) => key.replace(/\.one$/, ""), rename = (key) => key.replace(plural(key), short.get(plural(key)) ?? plural(key));
  // A key that is neither written nor made is one that this file does not see being made, or that nothing says.
  const lost = [...keys].filter((key) => !isMade(key) && !text.includes(`"${plural(key)}"`));
  if (lost.length) throw new Error(`short-keys: nothing says ${lost.join(", ")}`);
  return {
    script: (source) => source.replace(LITERAL, (_, key) => `"${rename(key)}"`),
    texts: (json) => JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(json)).map(([key, said]) => [rename(key), said]))),
  };
}
