// The rating page: one image after the other, one key an answer. This file joins the parts: keys, dialogs, tabs.
// docs/raters.md tells raters the keys, docs/campaigns.md operators what is counted.

import { Bar } from "./bar.js";
import { Clock } from "./clock.js";
import { Desk } from "./desk.js";
import { Dialogs } from "./dialogs.js";
import { Keep } from "./keep.js";
import { Line } from "./line.js";
import { Questions } from "./questions.js";
import { STEP, Viewer } from "./viewer.js";

const AUTO = "auto";
const LEASE_LOOK_MS = 10_000;
const body = document.body;
const find = (selector) => body.querySelector(selector);

const keep = new Keep(body.dataset.keep);
const clock = new Clock(() => desk.checkLease());
const bar = new Bar(body, keep);
const viewer = new Viewer(find("[data-stage]"), bar.say);
const dialogs = new Dialogs(body, { opened: () => clock.pause(true), closed: () => clock.pause(false) });
const questions = new Questions(find("[data-questions]"), {
  answered: () => desk.keepAnswer(),
  turned: (group) => desk.turned(group),
  complete: () => desk.complete(),
});
const desk = new Desk({ keep, clock, viewer, questions, dialogs, bar, auto: () => find("[data-auto]").checked });
desk.line = new Line(body.dataset.base, keep, {
  state: (text, bad) => bar.line(text, bad),
  answer: (item, told) => desk.answered(item, told),
  refused: (item, refusal) => desk.refused(item, refusal),
  retry: () => desk.retry(),
});

// --- what buttons and keys do ---------------------------------------------------------------------------------------
const acts = {
  submit: () => desk.submit(),
  back: () => desk.back(),
  forward: () => desk.forward(),
  again: () => (body.dataset.state === "elsewhere" ? takeTurn() : desk.ask()),
  now: () => desk.line.now(),
  help: () => dialogs.open("help").then(refocus),
  pause,
  skip: () => giveUp("skip"),
  report: () => giveUp("report"),
  large,
};

function refocus() {
  if (desk.shown) questions.focus();
}

async function giveUp(act) {
  const work = desk.shown;
  if (!work || work.rated) return;
  const fields = await dialogs.open(act);
  if (fields && desk.shown === work) desk.giveUp(act, fields);
  else refocus();
}

async function pause() {
  const left = (desk.newest?.until ?? 0) - performance.now();
  find("[data-pause-lease]").textContent = left > 0 ? `This image is yours for ${Math.ceil(left / 60_000)} more minutes.` : "";
  body.toggleAttribute("data-paused", true);
  await dialogs.open("pause");
  body.toggleAttribute("data-paused", false);
  refocus();
}

// The pictures as large as they go, with the current question alone below; answers work as always.
function large() {
  const on = !body.hasAttribute("data-large");
  body.toggleAttribute("data-large", on);
  find("[data-act=large]").setAttribute("aria-pressed", String(on));
  if (on) document.documentElement.requestFullscreen?.().catch(() => bar.say("Large view")); // the window does as well
  else if (document.fullscreenElement) document.exitFullscreen();
  refocus();
}

const keys = {
  ArrowUp: () => questions.move(-1),
  ArrowDown: () => questions.move(1),
  ArrowLeft: () => questions.roam(-1),
  ArrowRight: () => questions.roam(1),
  Enter: acts.submit,
  Backspace: acts.back,
  z: acts.back,
  s: acts.skip,
  r: acts.report,
  p: pause,
  f: large,
  x: () => viewer.flip(),
  c: () => viewer.nextMode(),
  ",": () => viewer.nextPhoto(-1),
  ".": () => viewer.nextPhoto(1),
  "+": () => viewer.zoomBy(STEP),
  "=": () => viewer.zoomBy(STEP),
  "-": () => viewer.zoomBy(1 / STEP),
  0: () => viewer.fit(),
  "?": acts.help,
};
const PAN = { ArrowUp: [0, -0.15], ArrowDown: [0, 0.15], ArrowLeft: [-0.15, 0], ArrowRight: [0.15, 0] };
const WITHOUT_IMAGE = ["z", "Backspace", "?"]; // these work while no image is on the screen, too

// The key's sign; on a keyboard of another script, the Latin letter that is printed beside it.
function sign(event) {
  if (event.key.length > 1) return event.key;
  return /[\x21-\x7e]/.test(event.key) ? event.key.toLowerCase() : event.code.replace(/^(Key|Digit)/, "").toLowerCase();
}

function answerOf(key) {
  const inputs = [...questions.current.querySelectorAll("input")];
  return (/^[1-9]$/.test(key) ? inputs[Number(key) - 1] : inputs.find((input) => input.dataset.letter === key))?.value;
}

// Returns whether the key was ours.
function press(key, event) {
  const { state } = body.dataset;
  if (state !== "rating") return state !== "elsewhere" && WITHOUT_IMAGE.includes(key) && act(keys[key]);
  if (event.shiftKey && PAN[key]) return act(() => viewer.pan(...PAN[key]));
  if (key === "space") {
    // On an answer that the arrows went to, space chooses it, as everywhere.
    return !event.target.matches("[data-roaming] input:not(:checked)") && act(acts.submit);
  }
  if (keys[key]) return act(keys[key]);
  const value = answerOf(key);
  if (!value) return false;
  // A key held down is one answer, not eight.
  if (event.repeat) return true;
  desk.pressed = event.timeStamp;
  return act(() => questions.answer(value));
}

function act(what) {
  what();
  return true;
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || dialogs.isOpen) return;
  if (event.target.matches("input:not([type=radio]), textarea, select")) return;
  const key = sign(event);
  if (event.target.closest("button, a") && (key === "Enter" || key === "space")) return;
  if (press(key, event)) event.preventDefault();
});
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-act]");
  if (button) acts[button.dataset.act]();
});
document.addEventListener("fullscreenchange", () => {
  if (!document.fullscreenElement && body.hasAttribute("data-large")) large();
});

const auto = find("[data-auto]");
auto.checked = keep.read(AUTO) !== false;
function showAuto() {
  find("[data-auto-words]").hidden = !auto.checked;
}
auto.addEventListener("change", () => {
  keep.write(AUTO, auto.checked);
  showAuto();
});
showAuto();

// --- coming, going, other tabs --------------------------------------------------------------------------------------
window.addEventListener("pagehide", () => desk.leave());
document.addEventListener("visibilitychange", () => (document.hidden ? desk.hide() : desk.checkLease()));
window.addEventListener("pageshow", (event) => event.persisted && window.location.reload());
setInterval(() => desk.checkLease(), LEASE_LOOK_MS);

async function begin() {
  bar.wait();
  await desk.line.deliver();
  if (!desk.newest) await desk.ask();
}

// One tab rates at a time: the newest takes over, the one before says so. (Without HTTPS a browser has no locks: there
// the server's rules and one request id per image keep two tabs from making two ratings.)
async function takeTurn() {
  if (!navigator.locks) return begin();
  try {
    return await navigator.locks.request(body.dataset.keep, { steal: true }, () => begin().then(() => new Promise(() => {})));
  } catch (problem) {
    if (problem.name !== "AbortError") throw problem;
    desk.clear();
    const words = "This one stands still meanwhile, so that nothing is rated twice.";
    return bar.none("You are rating in another tab", words, "elsewhere", "Rate here instead");
  }
}
takeTurn();
