// The pages: address after #, the text of its title, the least permission, the file. The menu shows those with `menu`.
import {computed, signal} from "@preact/signals";
import {me} from "./data/api.js";

const PAGES = [];

/** pages/index.js adds them; their order is the menu's. */
export const addPages = (...pages) => PAGES.push(...pages);

export const address = signal(location.hash.slice(1) || "/");
addEventListener("hashchange", () => { address.value = location.hash.slice(1) || "/"; });

export const go = (path) => { location.hash = path; };

function match(path, template) {
  const names = [];
  const pattern = template.replace(/:(\w+)/g, (_, name) => { names.push(name); return "([^/]+)"; });
  const found = new RegExp(`^${pattern}$`).exec(path);
  return found && Object.fromEntries(names.map((name, i) => [name, decodeURIComponent(found[i + 1])]));
}

/** {page, params, query}; page undefined: there is none at this address. */
export const present = computed(() => {
  const [path, query] = address.value.split("?");
  for (const page of PAGES) {
    const params = match(path, page.path);
    if (params) return {page, params, query: new URLSearchParams(query ?? "")};
  }
  return {params: {}, query: new URLSearchParams()};
});

const RANK = ["read", "operate", "manage", "administer"];
/** Whether who is signed in may do what needs this permission. */
export const may = (permission) => !permission || (me.value?.permissions ?? []).includes(permission) ||
  RANK.indexOf(permission) <= Math.max(...(me.value?.permissions ?? []).map((each) => RANK.indexOf(each)), -1);

export const menu = computed(() => PAGES.filter((page) => page.menu && may(page.needs)));
