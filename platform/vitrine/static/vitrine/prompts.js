// Decide prompts by keyboard: each key presses the button that everyone else clicks.

const list = document.querySelector("[data-prompts]");
const keys = document.getElementById("keys");
const decided = [];
let after = null; // what to do with the focus once the card is back from the server

function announce(text) {
  document.getElementById("announcer").textContent = text;
}

const cards = () => [...list.querySelectorAll("[data-prompt]")];
const current = () => list.querySelector(".current") ?? cards()[0];

function go(card, focus = true) {
  if (!card) return;
  for (const other of list.querySelectorAll(".current")) other.classList.remove("current");
  card.classList.add("current");
  if (focus) {
    card.focus({ preventScroll: true });
    card.scrollIntoView({ block: "nearest" });
  }
}

function move(step) {
  const all = cards();
  const place = all.indexOf(current());
  go(all[Math.min(all.length - 1, Math.max(0, place + step))]);
}

function nextDraft(from) {
  const all = cards();
  const place = all.indexOf(from);
  return [...all.slice(place + 1), ...all.slice(0, place)].find((card) => card.dataset.status === "draft");
}

function undo() {
  const id = decided.pop();
  const card = id && document.getElementById(`prompt-${id}`);
  if (card) card.querySelector("[data-act=z]")?.click();
  else announce("There is nothing to undo on this page.");
}

function press(key) {
  const card = current();
  if (card?.matches("[data-editing]")) return;
  card?.querySelector(`[data-act=${key}]`)?.click();
}

const ACTIONS = {
  a: () => press("a"), r: () => press("r"), e: () => press("e"), z: undo,
  j: () => move(1), ArrowDown: () => move(1), k: () => move(-1), ArrowUp: () => move(-1),
  x: () => current()?.querySelector("input[type=checkbox]")?.click(),
  "?": () => keys.showModal(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || keys?.open) return;
  const field = event.target.closest("textarea, select, input:not([type=checkbox])");
  if (field) {
    if (event.key === "Escape") field.closest("[data-editing]")?.querySelector("[data-cancel]").click();
    return;
  }
  if (!list || !Object.hasOwn(ACTIONS, event.key)) return;
  event.preventDefault();
  ACTIONS[event.key]();
});

document.querySelector("[data-keys-open]")?.addEventListener("click", () => keys.showModal());

if (list) {
  list.addEventListener("focusin", (event) => go(event.target.closest("[data-prompt]"), false));
  list.addEventListener("click", (event) => go(event.target.closest("[data-prompt]"), false));

  // Which button sent the request decides where the focus goes when the new card stands there.
  list.addEventListener("htmx:beforeRequest", (event) => {
    const form = event.detail.elt;
    const status = event.detail.requestConfig.parameters?.status ?? event.detail.requestConfig.formData?.get?.("status");
    const card = form.closest("[data-prompt]");
    after = { id: card.dataset.prompt, status, editing: form.matches("[data-act=e]") };
  });
  document.addEventListener("htmx:afterSettle", () => {
    const card = after && document.getElementById(`prompt-${after.id}`);
    if (!card) return;
    const { id, status, editing } = after;
    after = null;
    if (editing || card.matches("[data-editing]")) {
      const field = card.querySelector("textarea");
      go(card, false);
      field?.focus();
    } else if (status === "approved" || status === "rejected") {
      decided.push(id);
      const left = cards().filter((other) => other.dataset.status === "draft").length;
      announce(`${status === "approved" ? "Approved" : "Rejected"}. ${left} left on this page.`);
      go(nextDraft(card) ?? card);
    } else {
      if (status === "draft") announce("A draft again.");
      go(card);
    }
  });

  const all = document.querySelector("[data-select-all]");
  if (all) {
    all.hidden = false;
    all.querySelector("input").addEventListener("change", (event) => {
      for (const box of list.querySelectorAll("input[name=prompt]")) box.checked = event.target.checked;
    });
  }
  go(cards().find((card) => card.dataset.status === "draft") ?? cards()[0], false);
}
