// Honest time: counts while the page is in sight and somebody is at it. A hidden tab, a pause and the idle part of a
// long silence do not count. One running part (a question) at a time adds to its own time and to the whole image's.

export const IDLE_MS = 30_000; // a silence counts up to here: looking hard at a picture needs no input
const SIGNS = ["keydown", "pointerdown", "pointermove", "wheel", "touchstart", "scroll"];

export class Clock {
  // returned: called when somebody is there again after a silence.
  constructor(returned = () => {}, now = () => performance.now()) {
    this.now = now;
    this.signAt = now();
    this.parts = {};
    this.active = 0;
    this.part = null;
    this.last = null; // when the time was last counted; null while it stands still
    this.paused = false;
    for (const sign of SIGNS) document.addEventListener(sign, () => this.sign(returned), { passive: true, capture: true });
    document.addEventListener("visibilitychange", () => (document.hidden ? this.halt() : this.resume()));
    window.addEventListener("blur", () => this.count());
  }

  sign(returned) {
    const silence = this.now() - this.signAt;
    this.signAt = this.now();
    this.count();
    if (silence > IDLE_MS) returned();
  }

  // Whether somebody is at the page.
  get isThere() {
    return !document.hidden && this.now() - this.signAt <= IDLE_MS;
  }

  // Begin an image: with what an earlier sitting has counted for it already.
  start(times = {}, active = 0) {
    this.parts = { ...times };
    this.active = active;
    this.part = null;
    this.last = null;
    this.resume();
  }

  // What is being answered now; what has passed goes to the part before.
  turn(part) {
    this.count();
    this.part = part;
  }

  count() {
    if (this.last === null) return;
    const now = this.now();
    const passed = Math.min(now - this.last, IDLE_MS);
    this.last = now;
    this.active += passed;
    if (this.part) this.parts[this.part] = (this.parts[this.part] ?? 0) + passed;
  }

  halt() {
    this.count();
    this.last = null;
  }

  resume() {
    if (!this.paused && !document.hidden && this.last === null) this.last = this.now();
  }

  pause(on) {
    if (on) this.halt();
    this.paused = on;
    if (!on) this.resume();
  }

  // Whole milliseconds, as they are sent.
  taken() {
    this.count();
    const times = Object.fromEntries(Object.entries(this.parts).map(([part, ms]) => [part, Math.round(ms)]));
    return { times, active_ms: Math.round(this.active) };
  }
}
