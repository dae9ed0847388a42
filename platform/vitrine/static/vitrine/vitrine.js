// What every page needs and HTML alone does not give. No framework; each behaviour is found by a data attribute.

// Times come in UTC; show them in the reader's own zone.
function localTimes(root) {
  for (const element of root.querySelectorAll("time[datetime]:not([data-plain])")) {
    const when = new Date(element.dateTime);
    if (!Number.isNaN(when.getTime())) element.title = when.toLocaleString();
  }
}

// data-confirm="question" on a form or button: ask before it is sent.
document.addEventListener("submit", (event) => {
  const question = event.submitter?.dataset.confirm ?? event.target.dataset.confirm;
  if (question && !window.confirm(question)) event.preventDefault();
});

// data-autosubmit on a form: send it when one of its selects or boxes changes.
document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-autosubmit]");
  if (form) form.requestSubmit();
});

// A table that is wider than the screen can be scrolled by keyboard, too; one that fits is no stop on the way.
const wide = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const scrolls = target.scrollWidth > target.clientWidth;
    target.toggleAttribute("data-scrolls", scrolls);
    // Several on a page are told apart by their place.
    const place = [...document.querySelectorAll(".table-wrap")].indexOf(target) + 1;
    const label = `Table ${place}, scrolls sideways`;
    for (const [name, value] of [["tabindex", "0"], ["role", "region"], ["aria-label", label]]) {
      if (scrolls) target.setAttribute(name, value);
      else target.removeAttribute(name);
    }
  }
});

function prepare(root) {
  localTimes(root);
  for (const element of root.querySelectorAll(".table-wrap:not([aria-label])")) wide.observe(element);
}
document.addEventListener("DOMContentLoaded", () => {
  prepare(document);
  // On a narrow screen the links scroll sideways: the current one must be in sight.
  document.querySelector(".site-nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
});
document.addEventListener("htmx:afterSwap", (event) => prepare(event.target));

// A thin bar on top while htmx waits for something that the person did; polling does not show.
const underWay = new Set();
function showLoading() {
  document.body.toggleAttribute("data-loading", underWay.size > 0);
}
document.addEventListener("htmx:beforeSend", (event) => {
  if (!event.detail.requestConfig.triggeringEvent) return;
  underWay.add(event.detail.xhr);
  showLoading();
});
document.addEventListener("htmx:afterRequest", (event) => {
  underWay.delete(event.detail.xhr);
  showLoading();
});

// A toast says what happened, and stays until it is closed when it is an error. A server sends one with the header
// HX-Trigger: {"notice": {"level": "success", "text": "Saved."}}.
const TOAST_MS = 6000;
function toast(level, text) {
  const region = document.getElementById("toasts");
  if (!region) return;
  const item = document.createElement("li");
  item.className = `notice ${level}`;
  const words = document.createElement("span");
  words.textContent = text;
  const close = document.createElement("button");
  close.className = "button quiet";
  close.type = "button";
  close.textContent = "Close";
  close.addEventListener("click", () => item.remove());
  item.append(words, close);
  // The same words once are enough: a poll that fails every second must not pile them up.
  for (const other of region.children) if (other.firstChild.textContent === text) other.remove();
  region.append(item);
  if (level !== "error") setTimeout(() => item.remove(), TOAST_MS);
}
document.addEventListener("notice", (event) => toast(event.detail.level ?? "info", event.detail.text ?? event.detail.value));

// A request that fails is said, seen and heard, never swallowed.
const REFUSALS = { 403: "You may not do that.", 404: "That is not there any more.", 413: "That is too large.", 429: "That was too often. Wait a little." };
document.addEventListener("htmx:responseError", (event) => {
  const status = event.detail.xhr.status;
  toast("error", REFUSALS[status] ?? `The server could not do that (${status}). Reload the page and try again.`);
  // What looks again by itself stops at what is gone: htmx knows the copy no more, and people still see what it was.
  const { elt, requestConfig } = event.detail;
  if (status !== 404 || requestConfig.triggeringEvent || !elt.hasAttribute("hx-trigger")) return;
  const still = elt.cloneNode(true);
  still.removeAttribute("hx-trigger");
  elt.replaceWith(still);
});
document.addEventListener("htmx:sendError", () => toast("error", "The server cannot be reached. Try again in a moment."));
