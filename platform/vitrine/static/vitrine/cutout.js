// Mark the product in a photo: points and boxes go to the segmenter, a mask comes back. docs/operators.md has the keys.
// One request is under way at a time; what is asked meanwhile waits, and only the newest of it is sent.

import { decode, share } from "./mask.js";
import { Stage } from "./cutout-stage.js";

const root = document.querySelector("[data-cutout]");
const facts = JSON.parse(document.getElementById("cutout-facts").textContent);
const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
const NOTHING = { box: null, points: [] };
const MOST_WAITS = 240; // polls of half a second: a cold worker may have to load its model first

const say = (text, bad = false) => {
  const line = root.querySelector("[data-status]");
  line.textContent = text;
  line.classList.toggle("error-text", bad);
};
const button = (act) => root.querySelector(`[data-act=${act}]`);

// --- what was asked, and what came back ---------------------------------------------------------------------------
const history = [facts.prompt ?? NOTHING];
let place = 0;
let guess = 0;
let base = null; // the mask that was there when the page opened
const answers = new Map(); // by prompt, so that undo answers at once
const current = () => history[place];
const isEmpty = (prompt) => !prompt.box && !prompt.points.length;
const keyOf = (prompt) => JSON.stringify([prompt.box, prompt.points]);

const stage = new Stage(root.querySelector("[data-stage]"), facts, {
  point: (x, y, label) => add({ points: [...current().points, [x, y, label]] }),
  unpoint: (index) => add({ points: current().points.filter((_, other) => other !== index) }),
  box: (box) => add({ box }),
  label: () => (root.querySelector("[name=mode]:checked")?.value === "0" ? 0 : 1),
  say,
});

function add(change) {
  const next = { ...current(), ...change };
  // Ground points alone tell the segmenter nothing: they are cut out of what was found so far.
  if (!next.box && next.points.length && next.points.every((point) => point[2] === 0)) next.box = facts.box;
  history.splice(++place, Infinity, next);
  guess = 0;
  show();
}

function step(by) {
  const to = place + by;
  if (to < 0 || to >= history.length) return say(by < 0 ? "There is nothing to undo." : "There is nothing to redo.");
  place = to;
  guess = 0;
  return show();
}

function clear() {
  if (!isEmpty(current())) add(NOTHING);
}

// --- the round trip to the worker ---------------------------------------------------------------------------------
let sequence = 0;
let busy = false;
let waiting = null;

async function send(url, body) {
  const response = await fetch(url, {
    method: body ? "POST" : "GET",
    headers: { "X-CSRFToken": token, "Content-Type": "application/json" },
    body: body && JSON.stringify(body),
  });
  const told = await response.json().catch(() => null);
  // Whoever is not signed in any more is led to a page, or refused by one.
  if (!told && (response.redirected || response.status === 403)) throw new Error("You are signed out, or may not do this any more. Load the page again.");
  if (!told || !response.ok) throw Object.assign(new Error(told?.detail ?? `The server could not do that (${response.status}). Try again.`), { told });
  return told;
}

async function finished(told) {
  for (let polls = 0; told.state === "waiting" && polls < MOST_WAITS; polls++) {
    if (polls === 1) say("The photo is being prepared; the first click on it takes longest.");
    if (polls === 40) say("Still waiting: the worker may be loading its model, which it does once.");
    await new Promise((resolve) => setTimeout(resolve, polls < 20 ? 150 : 500));
    told = await send(told.url);
  }
  if (told.state === "failed") throw new Error(told.detail);
  if (told.state === "waiting") throw new Error("No worker has answered for two minutes. See the page Jobs.");
  return told;
}

async function ask(prompt) {
  if (busy) {
    waiting = prompt;
    return;
  }
  busy = true;
  stage.busy(true);
  const mine = ++sequence;
  try {
    const told = await finished(await send(facts.urls.cut, { ...prompt, sequence: mine }));
    answers.set(keyOf(prompt), told);
  } catch (error) {
    say(error.message === "Failed to fetch" ? "The server cannot be reached. Try again in a moment." : error.message, true);
  } finally {
    busy = false;
    stage.busy(false);
  }
  const next = waiting;
  waiting = null;
  // A person who went on has no use for this answer any more.
  if (next && keyOf(next) !== keyOf(prompt)) ask(next);
  else if (answers.has(keyOf(current()))) show();
}

// --- what is shown -------------------------------------------------------------------------------------------------
function show() {
  const prompt = current();
  const answer = answers.get(keyOf(prompt));
  const told = answer?.guesses.length ? answer : null;
  if (answer && !told) {
    stage.mask = null;
    say("Nothing was found there. Drag a box around the product, or click elsewhere on it.", true);
  } else if (told) stage.mask = decode(told.guesses[guess % told.guesses.length].counts, told.width, told.height);
  else if (place === 0) stage.mask = base;
  else if (isEmpty(prompt)) stage.mask = facts.made_by === "automatic" ? base : null;
  else ask(prompt); // until it is answered the mask before stays in sight
  stage.prompt = prompt;
  stage.draw();
  tell(told);
}

const atFirst = root.querySelector("[data-status]").textContent;

function tell(told) {
  const empty = isEmpty(current());
  button("undo").disabled = place === 0;
  button("redo").disabled = place === history.length - 1;
  button("clear").disabled = empty;
  button("guess").disabled = !told || told.guesses.length < 2;
  button("save").disabled = !told || empty;
  if (!told && place === 0) say(atFirst);
  else if (!told && empty) say("Nothing is marked.");
  if (!told) return;
  const one = told.guesses[guess % told.guesses.length];
  const which = told.guesses.length > 1 ? `Guess ${(guess % told.guesses.length) + 1} of ${told.guesses.length}: the` : "The";
  const covers = `${which} mask covers ${(100 * share(stage.mask)).toFixed(1)} % of the photo`;
  say(`${covers}, and the segmenter is ${Math.round(100 * Math.min(1, Math.max(0, one.score)))} % sure of it.`);
}

// The segmenter's own idea of the product: whatever is in the photo but for its rim.
function suggest() {
  const [x, y] = [Math.round(0.03 * facts.width), Math.round(0.03 * facts.height)];
  add({ box: [x, y, facts.width - x, facts.height - y], points: [] });
}

function another() {
  guess++;
  show();
}

// What is marked and not saved is asked about before it is lost.
let saved = null;
window.addEventListener("beforeunload", (event) => {
  if (!isEmpty(current()) && ![saved, keyOf(history[0])].includes(keyOf(current()))) event.preventDefault();
});
// A page that comes back as it was left does not know what holds since its mask was saved.
window.addEventListener("pageshow", (event) => {
  if (event.persisted && saved) location.reload();
});

async function save() {
  const told = answers.get(keyOf(current()));
  if (!told) return;
  button("save").disabled = true;
  try {
    const sent = current();
    const body = { job: told.job, guess: guess % told.guesses.length, over: facts.over, ...sent };
    const { url } = await send(facts.urls.save, body);
    saved = keyOf(sent);
    location.assign(url);
  } catch (error) {
    // Somebody else was faster: whoever saves once more has read so.
    facts.over = error.told?.over ?? facts.over;
    say(error.message, true);
    button("save").disabled = false;
  }
}

// --- buttons and keys ----------------------------------------------------------------------------------------------
const keys = document.getElementById("cutout-keys");
const ACTS = {
  undo: () => step(-1), redo: () => step(1), clear, suggest, guess: another, save,
  in: () => stage.zoom(1.5), out: () => stage.zoom(1 / 1.5), fit: () => stage.fit(),
  keys: () => keys.showModal(), look: () => stage.nextLook(),
};
for (const [name, act] of Object.entries(ACTS)) button(name)?.addEventListener("click", act);
const KEYS = {
  "+": ACTS.in, "=": ACTS.in, "-": ACTS.out, 0: ACTS.fit, n: another, g: suggest, m: ACTS.look, "?": ACTS.keys,
  Delete: clear, Backspace: clear, Escape: () => stage.cancel(),
};
const COMMANDS = { z: ACTS.undo, y: ACTS.redo, s: save };

document.addEventListener("keydown", (event) => {
  if (keys.open || event.altKey || event.target.closest("textarea, input:not([type=radio]), select")) return;
  const command = event.ctrlKey || event.metaKey;
  const name = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  let act = command ? COMMANDS[name] : KEYS[name];
  if (command && event.shiftKey && name === "z") act = ACTS.redo;
  if (!act) return;
  event.preventDefault();
  act();
});

// --- the beginning -------------------------------------------------------------------------------------------------
stage.ready.then(async () => {
  if (facts.mask) base = await stage.read(facts.mask);
  show();
  // The first click is answered fast only if the photo was embedded by then.
  if (facts.urls.prepare) send(facts.urls.prepare, {}).catch(() => say("The photo could not be prepared; the first click will take longer."));
}).catch(() => say("The photo cannot be shown: it may have been removed. Load the page again.", true));
