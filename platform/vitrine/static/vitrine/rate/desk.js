// The desk: the image that is being rated, the next one, and those before. What is answered is kept in this browser at
// once (keep.js) and goes to the server behind the rater's back (line.js).

import { newId } from "./keep.js";
import { Away, Refused } from "./line.js";
import { Pictures } from "./viewer.js";

const DRAFT_MS = 10_000; // the server hears of a half-rated image so long after an answer, and then each minute
const DRAFT_AGAIN_MS = 60_000;
const CHANGE_MS = 800;
const LOOK_AGAIN_MS = 30_000;
const REFUSED = { submit: "An image was not counted", change: "A change was not saved", skip: "An image was not skipped", report: "A report was not taken" };
const ENDS = ["not_open", "not_allowed", "not_qualified"]; // refusals after which nothing more is to be rated here
const MOST_KEPT = 100; // images that a page may say it is not done with
const REMEMBERED = 8; // images before this one whose pictures are kept for going back

// One image: what the server handed out, its pictures, and what was answered.
class Work {
  constructor(task, kept) {
    this.task = task;
    this.id = task.assignment;
    this.pictures = new Pictures(task);
    this.until = performance.now() + (task.lease_seconds ?? 0) * 1000;
    this.answers = { ...task.draft, ...kept?.answers };
    this.times = kept?.times ?? task.times ?? {};
    this.active = kept?.active ?? task.active_ms ?? 0;
    this.request = kept?.request ?? newId();
    this.rated = false;
  }

  get name() {
    return this.task.number ? `Image ${this.task.number}` : `The image of ${new Date(this.task.rated_at).toLocaleString()}`;
  }

  get touched() {
    return Object.keys(this.answers).length > 0;
  }
}

export class Desk {
  // parts: {keep, clock, viewer, questions, dialogs, bar, auto(): whether the last answer submits}; line is set by rate.js
  constructor(parts) {
    Object.assign(this, parts);
    this.shown = null; // on the screen
    this.newest = null; // being rated; the same, unless an older one is on the screen
    this.ahead = null;
    this.past = []; // rated in this sitting, or fetched again, oldest first
    // When the server had the end of each image that this page is done with. What it hands out from then on is to be
    // rated: what was skipped in a qualification round comes back, and so does what was lost and is free again.
    this.gone = new Map();
    this.asking = false;
    this.pressed = null; // the time of the key whose effect is measured
  }

  // --- what comes from the server ------------------------------------------------------------------------------------
  async ask() {
    if (this.asking) return;
    this.asking = true;
    const { newest } = this;
    try {
      const told = await this.line.call("next", {});
      this.line.failures = 0;
      if (!this.keep.waiting().length) this.bar.line("Saved");
      if (newest && newest === this.newest && newest.until < performance.now()) this.lose(newest, told);
      this.take(told);
    } catch (problem) {
      if (problem instanceof Refused) this.stop(problem.message);
      else if (problem instanceof Away) this.line.later(problem);
      else throw problem;
    } finally {
      this.asking = false;
    }
  }

  // What to rate now and next, and how far this rater is. `ended` is the assignment whose end this answers.
  take(told, ended = null) {
    this.bar.progress(told.progress);
    const waiting = this.keep.waiting().map((item) => item.body.assignment);
    const isOver = (id) => waiting.includes(id) || (id !== ended && told.asked < (this.gone.get(id) ?? 0));
    const tasks = [told.task, told.ahead].filter((task) => task && !isOver(task.assignment));
    const mine = [this.newest, this.ahead].filter(Boolean);
    for (const task of tasks) {
      const known = mine.find((one) => one.id === task.assignment);
      if (known) known.until = performance.now() + task.lease_seconds * 1000;
    }
    const fresh = tasks.filter((task) => !mine.some((one) => one.id === task.assignment));
    if (!this.newest) {
      this.newest = this.takeAhead() ?? (fresh.length ? this.open(fresh.shift()) : null);
      if (this.newest && !this.shown) this.show(this.newest);
      else if (!this.newest && !this.shown && !this.keep.waiting().length) this.nothing(told.progress);
    }
    if (fresh.length && !this.ahead) this.prepare(this.open(fresh.shift()));
  }

  // The next image, fetched and decoded meanwhile; the page says when it is there.
  prepare(work) {
    this.ahead = work;
    work.pictures.ready.then(() => {
      if (this.ahead === work) this.bar.body.dataset.ahead = work.id;
    });
  }

  open(task) {
    return new Work(task, this.keep.draft(task.assignment));
  }

  takeAhead() {
    const { ahead } = this;
    this.ahead = null;
    return ahead;
  }

  // A piece of finished work has arrived.
  answered(item, told) {
    const { assignment } = item.body;
    this.keep.dropDraft(assignment);
    this.gone.set(assignment, performance.now());
    if (told.feedback) this.feedback(told.feedback);
    // Nothing more is handed out (a pause, a round that is over): what is held may be finished.
    if (told.notice && !this.newest) this.stop(told.notice);
    else if ("task" in told) this.take(told, assignment);
    else this.retry();
  }

  // The server will never take this piece: say so, and go on with what it has for us.
  refused(item, refusal) {
    this.keep.dropDraft(item.body.assignment);
    this.gone.set(item.body.assignment, performance.now());
    // Rated already: its answer was lost on the way back, and the rating itself had arrived.
    if (refusal.code !== "already_rated") this.dialogs.tell(REFUSED[item.act], [refusal.message]);
    if (ENDS.includes(refusal.code)) this.stop(refusal.message);
    else if (!this.newest) this.ask();
  }

  retry() {
    if (!this.newest && this.bar.body.dataset.state !== "elsewhere") this.ask();
  }

  nothing(progress) {
    const done = progress?.limit && progress.done >= progress.limit;
    if (done) {
      this.bar.none("All done", "You have rated as many images as one person may in this campaign. Thank you!", "empty");
    } else {
      const words = "Every image has its raters for now. Some may come back when others leave them; this page looks again by itself.";
      this.bar.none("Nothing to rate now", words, "empty");
      setTimeout(() => this.retry(), LOOK_AGAIN_MS);
    }
    this.clock.halt();
  }

  stop(sentence) {
    this.clear();
    this.bar.none("No rating here now", sentence, "stopped");
  }

  clear() {
    this.shown = this.newest = this.ahead = null;
    this.clock.halt();
  }

  // --- on the screen -------------------------------------------------------------------------------------------------
  show(work, at = null) {
    this.shown = work;
    this.bar.work();
    this.clock.start(work.times, work.active);
    this.viewer.show(work.pictures);
    this.questions.show(work.answers, at);
    this.bar.prompt(work.task.prompt);
    this.bar.back(work === this.newest ? null : work.name);
    this.checkLease();
    this.bar.say(`${work.name}. ${work.pictures.photos.length} product photos, ${this.questions.keys.length} questions.`);
    this.measure(work);
  }

  // How long it took from the key to pictures and questions on the screen, for benchmarks/rating_browser.py.
  async measure(work) {
    const start = this.pressed;
    this.pressed = null;
    await work.pictures.ready;
    await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 0)));
    if (this.shown !== work) return;
    this.bar.body.dataset.shown = work.id;
    if (start !== null) performance.measure("next image", { start, end: performance.now() });
  }

  // A lease that is over: once somebody is at the page, the image is ours again if nobody else took it. The answers are
  // still here. An empty chair renews nothing: others wait for the image.
  checkLease() {
    if (this.bar.lease(this.newest?.until ?? null) && this.clock.isThere) this.ask();
  }

  lose(work, told) {
    if ([told.task, told.ahead].some((task) => task?.assignment === work.id)) return;
    this.gone.set(work.id, performance.now());
    if (this.shown === work) this.shown = null;
    this.newest = null;
    this.bar.line("The time for an image was over, and it went to another rater.", true);
  }

  // --- answers -------------------------------------------------------------------------------------------------------
  turned(group) {
    if (!this.shown) return;
    const first = !this.clock.part;
    this.clock.turn(group.dataset.question);
    this.viewer.suit(group.dataset.shown, first);
  }

  keepAnswer() {
    const work = this.shown;
    work.answers = this.questions.answers;
    const taken = this.clock.taken();
    Object.assign(work, { times: taken.times, active: taken.active_ms });
    if (work.rated) this.changeSoon(work);
    else {
      const { answers, times, active, request } = work;
      this.keep.saveDraft(work.id, { answers, times, active, request });
      this.draftSoon(work);
    }
  }

  draftSoon(work) {
    if (work.drafting) return;
    work.drafting = setTimeout(() => {
      work.drafting = null;
      if (work === this.newest) this.sendDraft(work);
    }, work.drafted ? DRAFT_AGAIN_MS : DRAFT_MS);
  }

  // For another device, and for the lease: what counts is kept here. Its failure is silent; the next piece says more.
  async sendDraft(work, keepalive = false) {
    const { answers, times, active } = work;
    const drafted = JSON.stringify(answers);
    if (work.drafted === drafted) return;
    work.drafted = drafted;
    try {
      const told = await this.line.call("draft", { assignment: work.id, answers, times, active_ms: active }, { keepalive });
      if (told.lease_seconds) work.until = performance.now() + told.lease_seconds * 1000;
    } catch (problem) {
      if (!(problem instanceof Away || problem instanceof Refused)) throw problem;
    }
  }

  // Called with the last open question's answer.
  complete() {
    if (this.shown.rated) this.forward();
    else if (this.auto()) this.submit();
    else {
      this.bar.find("[data-act=submit]").focus();
      this.bar.say("All questions are answered. Enter submits.");
    }
  }

  submit() {
    const work = this.shown;
    if (!work) return;
    if (work.rated) {
      this.forward();
      return;
    }
    const open = this.questions.open();
    if (open.length) {
      this.questions.go(open[0]);
      this.bar.say(`${open.length === 1 ? "One question is" : `${open.length} questions are`} not answered yet.`);
      return;
    }
    this.keep.queue("submit", { assignment: work.id, request_id: work.request, answers: work.answers, ...this.clock.taken() });
    work.rated = true;
    this.past.push(work);
    if (this.past.length > REMEMBERED) this.past.shift();
    this.finish(work);
  }

  // Skipped ("skip") or reported ("report"): the image goes, and does not come back.
  giveUp(act, fields) {
    const work = this.shown;
    const reason = [fields.reason, fields.words.trim()].filter(Boolean).join(": ");
    this.keep.queue(act, { assignment: work.id, request_id: newId(), reason });
    this.finish(work);
  }

  finish(work) {
    this.keep.dropDraft(work.id);
    clearTimeout(work.drafting);
    this.newest = this.takeAhead();
    this.shown = null;
    if (this.newest) this.show(this.newest);
    else this.bar.wait();
    this.line.deliver();
  }

  // --- going back ----------------------------------------------------------------------------------------------------
  back() {
    if (this.shown && this.questions.move(-1)) return;
    const at = this.shown?.rated ? this.past.indexOf(this.shown) - 1 : this.past.length - 1;
    if (at < 0) this.older();
    else this.showPast(at);
  }

  showPast(at) {
    this.flushChange();
    this.show(this.past[at], this.questions.keys.length - 1);
  }

  // Images of earlier sittings come from the server.
  async older() {
    const oldest = this.past[0];
    try {
      const told = await this.line.call(oldest ? `mine?before=${oldest.id}` : "mine", null, { method: "GET" });
      const task = told.ratings.find((one) => !one.withdrawn);
      if (!task) {
        this.bar.say("There is no image before this one.");
        return;
      }
      const work = new Work({ ...task, draft: task.answers }, null);
      work.rated = true;
      this.past.unshift(work);
      this.showPast(0);
    } catch (problem) {
      if (!(problem instanceof Away || problem instanceof Refused)) throw problem;
      this.bar.say(problem.message);
    }
  }

  // To the image that is being rated.
  forward() {
    this.flushChange();
    this.shown = null;
    this.newest ??= this.takeAhead();
    if (this.newest) this.show(this.newest);
    else {
      this.bar.wait();
      this.ask();
    }
  }

  changeSoon(work) {
    clearTimeout(this.changeTimer);
    this.changed = work;
    this.changeTimer = setTimeout(() => this.flushChange(), CHANGE_MS);
  }

  flushChange() {
    clearTimeout(this.changeTimer);
    const work = this.changed;
    if (!work) return;
    this.changed = null;
    this.keep.queue("change", { assignment: work.id, request_id: newId(), answers: work.answers });
    this.line.deliver();
  }

  // The right answers to the image before, where the campaign tells them.
  feedback(told) {
    const lines = [told.right ? "Your answers were as expected." : "Some of your answers were not as expected."];
    if (told.explanation) lines.push(told.explanation);
    for (const [key, expected] of Object.entries(told.expected ?? {})) {
      const group = this.questions.groups[this.questions.keys.indexOf(key)];
      if (group && !told.right) lines.push(`${group.querySelector("strong").textContent}: ${[expected].flat().join(" or ")} was expected.`);
    }
    this.dialogs.tell("About the image before", lines);
  }

  // --- leaving -------------------------------------------------------------------------------------------------------
  // Untouched images go back to the others; one that is half rated stays ours until its lease ends, and so does one whose
  // answers are still on their way. What the server hands out in answer to these would be nobody's: it goes back, too.
  leave() {
    this.flushChange();
    const mine = [this.newest, this.ahead].filter(Boolean);
    const begun = mine.filter((work) => work.touched).map((work) => work.id);
    if (this.newest?.touched) this.sendDraft(this.newest, true);
    const keep = [...begun, ...this.keep.waiting().map((item) => item.body.assignment)];
    const hands = begun.length < mine.length || (this.line.busy && this.bar.body.dataset.state !== "elsewhere");
    if (hands && keep.length <= MOST_KEPT) {
      this.line.call("leave", { keep }, { keepalive: true }).catch(() => null);
    }
  }

  // The tab is out of sight, and may never come back.
  hide() {
    const work = this.newest;
    if (work && work === this.shown) {
      const taken = this.clock.taken();
      Object.assign(work, { times: taken.times, active: taken.active_ms });
    }
    if (work?.touched) this.sendDraft(work, true);
  }
}
