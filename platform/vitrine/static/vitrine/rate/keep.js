// What this browser keeps until the server has it: the answers to open images, and finished work on its way.
// Everything is written at once (localStorage is synchronous), so a tab that is closed the next moment loses nothing.
// Each item is an entry of its own: two tabs never overwrite one another's.

const OLD_MS = 14 * 24 * 3600 * 1000;

// Where storage is forbidden or full, work goes on in memory, and `lasting` says that it would not survive the tab.
export class Keep {
  constructor(prefix) {
    this.prefix = prefix;
    this.memory = new Map();
    this.lasting = true;
    this.forgetOld();
  }

  read(key) {
    const text = this.memory.get(key) ?? this.stored(key);
    if (!text) return null;
    try {
      return JSON.parse(text);
    } catch {
      return null; // half a value from another version is as good as none
    }
  }

  stored(key) {
    try {
      return localStorage.getItem(this.prefix + key);
    } catch {
      return null;
    }
  }

  write(key, value) {
    const text = JSON.stringify(value);
    try {
      localStorage.setItem(this.prefix + key, text);
      this.memory.delete(key);
    } catch {
      this.memory.set(key, text);
      this.lasting = false;
    }
  }

  drop(key) {
    this.memory.delete(key);
    try {
      localStorage.removeItem(this.prefix + key);
    } catch {
      // forbidden storage holds nothing to remove
    }
  }

  keys(start) {
    const found = new Set([...this.memory.keys()].filter((key) => key.startsWith(start)));
    try {
      for (let index = 0; index < localStorage.length; index++) {
        const key = localStorage.key(index);
        if (key.startsWith(this.prefix + start)) found.add(key.slice(this.prefix.length));
      }
    } catch {
      // forbidden storage: memory is all there is
    }
    return [...found].sort();
  }

  // --- the answers to an open image: {answers, times, active, request, at} ---
  draft(assignment) {
    return this.read(`draft.${assignment}`);
  }

  saveDraft(assignment, draft) {
    this.write(`draft.${assignment}`, { ...draft, at: Date.now() });
  }

  dropDraft(assignment) {
    this.drop(`draft.${assignment}`);
  }

  // --- work on its way, in the order in which it was done: {act, body} ---
  waiting() {
    return this.keys("send.").map((key) => ({ key, ...this.read(key) })).filter((item) => item.body);
  }

  queue(act, body) {
    const key = `send.${Date.now().toString(36).padStart(9, "0")}.${body.request_id}`;
    this.write(key, { act, body, at: Date.now() });
    return key;
  }

  forgetOld() {
    for (const key of this.keys("draft.")) if (Date.now() - (this.read(key)?.at ?? 0) > OLD_MS) this.drop(key);
  }
}

// crypto.randomUUID is only there over HTTPS; an id made once is kept with the draft, so that a retry is the same request.
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
