/**
 * Saves that are never lost: every change waits in localStorage until the server has confirmed it, through a dead
 * network, a reload and another visit. Batches go out in order, one at a time, at most every 2 s; a sealed batch never
 * changes, so sending it twice does no harm.
 *
 * A record is what one page load has not got confirmed: {url, client, page, alive_ms, batches: [sealed], open, name,
 * state, nothing_s}. `state` is the page's work as it stands now and travels with each batch under `name` ("desk" for
 * the mixer, "draft" for a trial). Seconds listened are one number, or one for each sound; `nothing_s`, 0 or {}, says
 * which.
 */

const PREFIX = "gainsay:unsent:";
const SEAL_EVERY_MS = 2000;
const FADER_EVERY_MS = 100; // ten moves a second per fader
const MOST_EVENTS = 800;
const MOST_LISTENED_S = 600;
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 30000;
const TIMEOUT_MS = 20000;
const HEARTBEAT_MS = 4000;
const DEAD_AFTER_MS = 90000; // a page that closed says so; one that crashed falls silent, one in the background nearly

/** Random hex that needs no secure context. */
export function randomKey(bytes = 12) {
  const values = crypto.getRandomValues(new Uint8Array(bytes));
  return Array.from(values, (value) => value.toString(16).padStart(2, "0")).join("");
}

function emptyBatch(nothing_s) {
  return { events: [], listened_s: nothing_s, isChanged: false };
}

function rounded(seconds) {
  return Math.min(MOST_LISTENED_S, Math.round(seconds * 100) / 100);
}

/** Add seconds to seconds; both are one number, or one for each sound. */
export function addListened(sum_s, more_s) {
  if (typeof more_s === "number") return sum_s + more_s;
  const sum = { ...sum_s };
  for (const [sound, seconds] of Object.entries(more_s)) sum[sound] = (sum[sound] ?? 0) + seconds;
  return sum;
}

function roundedListened(listened_s) {
  if (typeof listened_s === "number") return rounded(listened_s);
  return Object.fromEntries(Object.entries(listened_s).map(([sound, seconds]) => [sound, rounded(seconds)]));
}

/** localStorage that may be full or forbidden: then all waits in memory, as long as the page lives. */
const store = {
  keys() {
    try {
      return Object.keys(localStorage).filter((key) => key.startsWith(PREFIX));
    } catch {
      return [];
    }
  },
  read(key) {
    try {
      return JSON.parse(localStorage.getItem(key));
    } catch {
      return null;
    }
  },
  write(key, record) {
    try {
      localStorage.setItem(key, JSON.stringify(record));
    } catch {
      // kept in memory
    }
  },
  remove(key) {
    try {
      localStorage.removeItem(key);
    } catch {
      // nothing to remove
    }
  },
};

/** Send one sealed batch. -> {kind: "taken", answer} | {kind: "refused", status, message} | {kind: "later"} */
async function post(url, batch, csrfToken, { keepalive = false } = {}) {
  try {
    const answer = await fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": csrfToken },
      body: JSON.stringify(batch),
      keepalive,
      signal: keepalive ? undefined : AbortSignal.timeout(TIMEOUT_MS),
    });
    if (answer.ok) return { kind: "taken", answer: await answer.json() };
    if (answer.status >= 500 || answer.status === 429 || answer.status === 408) return { kind: "later" };
    const told = await answer.json().catch(() => ({}));
    return { kind: "refused", status: answer.status, message: told.is_technical ? "" : (told.error ?? "") };
  } catch {
    return { kind: "later" };
  }
}

function sealedBatch(record, open, submit) {
  const { client, page, name, state } = record;
  record.seq += 1;
  const listened_s = roundedListened(open.listened_s);
  return { client, page, seq: record.seq, events: open.events, listened_s, [name]: state, submit };
}

/** What earlier page loads left behind, sealed and ready to go: [[key, record]]. */
function leftovers() {
  const found = [];
  for (const key of store.keys()) {
    const record = store.read(key);
    if (!record) store.remove(key);
    else if (Date.now() - record.alive_ms > DEAD_AFTER_MS) found.push([key, record]);
  }
  for (const [key, record] of found) {
    if (!record.open?.isChanged) continue;
    record.batches.push(sealedBatch(record, record.open, null));
    record.open = null;
    store.write(key, record);
  }
  return found.sort((one, other) => one[1].page - other[1].page);
}

/**
 * Send what earlier page loads left behind. `told` is filled as it goes, at first before anything is sent:
 * {url: {state, isLatest, submitted, listened_s}}, of the last page load at each address. What cannot be sent now stays.
 */
export async function resendLeftovers(csrfToken, told = {}) {
  const found = leftovers();
  for (const [, { url, state, batches, nothing_s }] of found) {
    const before_s = told[url]?.listened_s ?? nothing_s;
    const listened_s = batches.reduce((sum_s, batch) => addListened(sum_s, batch.listened_s), before_s);
    told[url] = { state, isLatest: true, submitted: null, listened_s };
  }
  for (const [key, record] of found) {
    while (record.batches.length) {
      const outcome = await post(record.url, record.batches[0], csrfToken);
      if (outcome.kind === "later" || outcome.status === 403) break;
      if (outcome.kind === "taken") {
        told[record.url].isLatest = outcome.answer.is_latest;
        told[record.url].submitted = outcome.answer.submitted ?? told[record.url].submitted;
      }
      record.batches.shift();
      store.write(key, record);
    }
    if (!record.batches.length) store.remove(key);
  }
}

export class SaveQueue {
  /** @param options {url, page, csrfToken, name, state, nothing_s, onState(state, message), onAnswer(answer,
   *  batch)}; what onState is told is "saved", "waiting", "offline", "refused" or "reload" */
  constructor({ url, page, csrfToken, name, state, nothing_s = 0, onState, onAnswer }) {
    const nothing = { alive_ms: 0, seq: 0, batches: [], open: emptyBatch(nothing_s) };
    this.record = { url, client: randomKey(), page, ...nothing, name, state, nothing_s };
    this.key = `${PREFIX}${url}:${this.record.client}`;
    Object.assign(this, { csrfToken, onState, onAnswer });
    this.sealed_ms = 0;
    this.timer = null;
    this.wait_ms = FIRST_WAIT_MS;
    this.isSending = false;
    this.isLeaving = false;
    this.wake = () => {};
    this.lastMove = {};
    setInterval(() => this.hasUnsent() && this.keep(), HEARTBEAT_MS);
    addEventListener("online", () => this.wake());
    addEventListener("pagehide", () => this.leave());
    // Another page may have sent and removed this record meanwhile: begin anew.
    addEventListener("pageshow", (event) => event.persisted && location.reload());
  }

  /** Something happened. Moves of one fader within 100 ms are one event that holds the last of them. */
  note(event, state) {
    const t = Math.round(performance.now());
    const { open } = this.record;
    const last = this.lastMove[event.stem];
    if (event.kind === "fader" && last && t - last.t < FADER_EVERY_MS && open.events.includes(last)) {
      last.db = event.db;
    } else {
      const noted = { t, ...event };
      open.events.push(noted);
      if (event.kind === "fader") this.lastMove[event.stem] = noted;
    }
    this.changed(state);
  }

  /** The work changed without an event of its own (a comment, confidence). */
  changed(state) {
    this.record.state = state;
    this.record.open.isChanged = true;
    this.keep();
    this.schedule();
  }

  /** Seconds listened, of the sound that is named; they travel with the next batch. */
  listened(seconds, sound = null) {
    const { open } = this.record;
    open.listened_s = addListened(open.listened_s, sound === null ? seconds : { [sound]: seconds });
    if (seconds > 0) open.isChanged = true;
  }

  /** The answer, with a key of its own that stays the same however often it is sent. */
  submit(submission, state) {
    this.record.state = state;
    this.seal({ key: randomKey(), ...submission });
  }

  hasUnsent() {
    return this.record.batches.length > 0 || this.record.open.isChanged;
  }

  keep() {
    // What happens while the page is going ("hidden" comes after "pagehide") must not make it look alive.
    this.record.alive_ms = this.isLeaving ? 0 : Date.now();
    store.write(this.key, this.record);
  }

  schedule() {
    if (this.timer !== null) return;
    const soon_ms = Math.max(0, this.sealed_ms + SEAL_EVERY_MS - Date.now());
    this.timer = setTimeout(() => {
      this.timer = null;
      // While an earlier batch waits, changes gather in one.
      if (!this.record.batches.length || this.record.open.events.length > MOST_EVENTS) this.sealIfChanged();
    }, soon_ms);
  }

  sealIfChanged() {
    if (this.record.open.isChanged) this.seal(null);
  }

  seal(submit) {
    this.record.batches.push(sealedBatch(this.record, this.record.open, submit));
    this.record.open = emptyBatch(this.record.nothing_s);
    this.sealed_ms = Date.now();
    this.keep();
    this.send();
  }

  async send() {
    if (this.isSending) return;
    this.isSending = true;
    const { record } = this;
    while (record.batches.length) {
      if (this.wait_ms === FIRST_WAIT_MS) this.onState("waiting");
      const batch = record.batches[0];
      const outcome = await post(record.url, batch, this.csrfToken);
      if (outcome.status === 403) {
        this.onState("reload", outcome.message);
        break;
      }
      if (outcome.kind === "later") {
        this.onState("offline");
        await this.pause();
        continue;
      }
      record.batches.shift();
      this.wait_ms = FIRST_WAIT_MS;
      this.settle();
      if (outcome.kind === "refused") this.onState("refused", outcome.message, outcome.status);
      else this.onAnswer(outcome.answer, batch);
    }
    this.isSending = false;
    if (record.open.isChanged) this.schedule();
  }

  settle() {
    if (this.hasUnsent()) this.keep();
    else {
      store.remove(this.key);
      this.onState("saved");
    }
  }

  /** Back off, a little unevenly; "online" wakes it. */
  async pause() {
    const wait_ms = this.wait_ms * (0.8 + 0.4 * Math.random());
    this.wait_ms = Math.min(LONGEST_WAIT_MS, 2 * this.wait_ms);
    await new Promise((resolve) => {
      const timer = setTimeout(resolve, wait_ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** The page goes away: what is left is sent without waiting and stays kept until somebody hears that it arrived. */
  leave() {
    const { record } = this;
    this.isLeaving = true;
    if (!this.hasUnsent()) return;
    if (record.open.isChanged) {
      record.batches.push(sealedBatch(record, record.open, null));
      record.open = emptyBatch(record.nothing_s);
    }
    this.keep();
    for (const batch of record.batches) post(record.url, batch, this.csrfToken, { keepalive: true });
  }
}
