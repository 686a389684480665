// One stream of events for all tabs of this browser: the tab that holds the lock reads it and tells the others. Where there
// are no locks (plain http from another machine) each tab reads its own.
import {signal} from "@preact/signals";

/** "up", "down" (since `since`), or "connecting". */
export const stream = signal({state: "connecting", since: Date.now()});

const TYPES = ["device", "session", "command", "cleaning", "alarm", "course", "resync"];
const CHANNEL = "pediluve-stream";
const SILENT_MS = 45000; // a comment comes every 15 s; the leader also says so to the others
const RETRY_MS = [500, 1000, 2000, 5000, 10000, 15000];

let listeners = [];
let heardAt = 0;

/** fn(type, data): type "resync" means that something was missed and lists are to be read again. Returns a function that ends it. */
export function listen(fn) {
  listeners.push(fn);
  return () => { listeners = listeners.filter((each) => each !== fn); };
}

function tell(type, data) {
  for (const fn of listeners) fn(type, data);
}

function setState(state) {
  if (stream.value.state !== state) stream.value = {state, since: Date.now()};
}

/* The browser reconnects by itself and names the last event it saw. Where it gives up (an answer that is no stream), or where
 * another tab has led before, a new stream begins: what happened in between is not known, so the lists are read again. */
function read(share, ended, fresh) {
  let source, tries = 0, timer, isFirst = fresh;
  const say = (state) => { setState(state); share({state}); };
  const open = () => {
    source = new EventSource("/api/v1/events");
    let seen = false, marked = false;
    source.onopen = () => {
      tries = 0;
      heardAt = Date.now();
      say("up");
      // Without the id of an event the server cannot tell on coming back what was missed.
      if (seen ? !marked : !isFirst) { tell("resync"); share({type: "resync"}); }
      seen = true;
      isFirst = false;
    };
    source.onerror = () => {
      say("down");
      if (source.readyState !== EventSource.CLOSED) return;
      timer = setTimeout(open, RETRY_MS[Math.min(tries++, RETRY_MS.length - 1)] * (0.8 + 0.4 * Math.random()));
    };
    for (const type of TYPES) {
      source.addEventListener(type, (event) => {
        heardAt = Date.now();
        marked = true;
        const data = event.data ? JSON.parse(event.data) : null;
        tell(type, data);
        share({type, data});
      });
    }
  };
  open();
  ended.then(() => { clearTimeout(timer); source.close(); });
}

/** Begins to listen; returns a function that stops. */
export function startStream() {
  const stop = new AbortController();
  const ended = new Promise((done) => stop.signal.addEventListener("abort", done));
  setState("connecting");
  if (!navigator.locks || !("BroadcastChannel" in globalThis)) {
    read(() => {}, ended, true);
    return () => stop.abort();
  }
  const channel = new BroadcastChannel(CHANNEL);
  let leading = false;
  channel.onmessage = ({data}) => {
    if (leading) {
      if (data.ask) channel.postMessage({state: stream.value.state});
      return;
    }
    heardAt = Date.now();
    if (data.state) setState(data.state);
    if (data.type) tell(data.type, data.data);
  };
  channel.postMessage({ask: true});
  navigator.locks.request(CHANNEL, {signal: stop.signal}, () => {
    leading = true;
    read((message) => channel.postMessage(message), ended, heardAt === 0);
    const beat = setInterval(() => channel.postMessage({state: stream.value.state}), 10000);
    return ended.then(() => clearInterval(beat));
  }).catch(() => {});
  // A leader that hangs is a stream that is down: the sign must not lie.
  const watch = setInterval(() => {
    if (!leading && heardAt && Date.now() - heardAt > SILENT_MS) setState("down");
  }, 5000);
  ended.then(() => { clearInterval(watch); channel.close(); });
  return () => stop.abort();
}
