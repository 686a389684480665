// Requests to the server that this page came from. A problem (RFC 9457) is thrown as Problem; losing the network too.
import {signal} from "@preact/signals";
import {faultWords} from "../texts/told.js";

/** Who is signed in: undefined (not known yet), null (nobody), or the answer of GET /me. */
export const me = signal(undefined);

const DEADLINE_MS = 20000;

export class Problem extends Error {
  constructor(status, body) {
    super(body.detail || body.title || body.code);
    this.status = status;
    this.code = body.code ?? "unknown";
    this.body = body;
    this.errors = body.errors ?? [];
  }

  /** What is wrong with one property of the body, by JSON pointer; "" when nothing is. */
  at(pointer) {
    return faultWords(this.errors.find((each) => each.pointer === pointer) ?? {});
  }
}

function url(path, params) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params ?? {})) {
    if (value !== undefined && value !== null && value !== "") query.set(name, value);
  }
  const text = query.toString();
  return `/api/v1${path}${text ? `?${text}` : ""}`;
}

/** One request; {status, data, etag, location}. options: params, body, etag (If-Match), key (Idempotency-Key), signal. */
export async function request(method, path, options = {}) {
  const headers = {Accept: options.accept ?? "application/json"};
  if (options.body !== undefined) headers["Content-Type"] = "application/json";
  if (options.etag) headers["If-Match"] = options.etag;
  if (options.key) headers["Idempotency-Key"] = options.key;
  if (method !== "GET" && me.value?.csrf) headers["X-CSRF-Token"] = me.value.csrf;
  const timeout = AbortSignal.timeout(options.deadlineMs ?? DEADLINE_MS);
  let reply;
  try {
    reply = await fetch(url(path, options.params), {
      method, headers, credentials: "same-origin", cache: "no-store",
      body: options.body === undefined ? undefined : JSON.stringify(options.body),
      signal: options.signal ? AbortSignal.any([options.signal, timeout]) : timeout,
    });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new Problem(0, {code: "network", detail: ""});
  }
  const text = await reply.text();
  const isJson = /json/.test(reply.headers.get("Content-Type") ?? "");
  const data = text && isJson ? JSON.parse(text) : text;
  if (!reply.ok) {
    if (reply.status === 401 && me.value) me.value = null;
    throw new Problem(reply.status, isJson ? data : {code: "unknown", detail: text.slice(0, 200)});
  }
  return {status: reply.status, data, etag: reply.headers.get("ETag"), location: reply.headers.get("Location")};
}

export const get = async (path, params, options) => (await request("GET", path, {params, ...options})).data;

/** A new intent has a new key: a retry after a lost answer has its effect once. Plain http has no randomUUID. */
export const newKey = () => crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;

export const post = async (path, body, options = {}) =>
  (await request("POST", path, {body, key: options.key ?? newKey(), ...options})).data;

/** Every item of a list, page after page; at most `most`. onPage sees each page as it comes. */
export async function all(path, params, {most = 5000, onPage} = {}) {
  const items = [];
  let cursor;
  do {
    const page = await get(path, {limit: 200, ...params, cursor});
    items.push(...page.items);
    onPage?.(page.items);
    cursor = page.next_cursor;
  } while (cursor && items.length < most);
  return items;
}

/** Asks who is signed in. */
export async function loadMe() {
  try {
    me.value = await get("/me");
  } catch (problem) {
    if (problem.status === 401) me.value = null;
    else throw problem;
  }
}
