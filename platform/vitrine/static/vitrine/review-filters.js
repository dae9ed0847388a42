// A filter that is found by typing: [data-picker] holds what the address will say (data-picked, hidden), a combobox that
// htmx asks the server with, and the list of what it found. Keys as in the ARIA pattern: arrows, Enter, Escape.

const parts = (picker) => ({
  box: picker.querySelector("[role=combobox]"),
  list: picker.querySelector("[role=listbox]"),
  picked: picker.querySelector("[data-picked]"),
});
const options = (list) => [...list.querySelectorAll("[data-value]")];

function show(picker, open) {
  const { box, list } = parts(picker);
  list.hidden = !open;
  box.setAttribute("aria-expanded", String(open));
  if (!open) mark(picker, null);
}

function mark(picker, option) {
  const { box, list } = parts(picker);
  for (const one of options(list)) one.setAttribute("aria-selected", String(one === option));
  if (option) {
    box.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  } else box.removeAttribute("aria-activedescendant");
}

function choose(picker, option) {
  const { box, picked } = parts(picker);
  picked.value = option.dataset.value;
  box.value = option.dataset.label;
  picker.classList.remove("invalid");
  show(picker, false);
}

document.addEventListener("input", (event) => {
  const picker = event.target.closest("[data-picker]");
  // Half a word is no choice: what was chosen before is gone with the first letter.
  if (picker && event.target.matches("[role=combobox]")) parts(picker).picked.value = "";
});

document.addEventListener("htmx:afterSwap", (event) => {
  const picker = event.target.closest("[data-picker]");
  if (picker) show(picker, parts(picker).box === document.activeElement);
});

document.addEventListener("keydown", (event) => {
  const picker = event.target.closest("[data-picker]");
  if (!picker || !event.target.matches("[role=combobox]")) return;
  const { box, list } = parts(picker);
  const all = options(list);
  const now = all.findIndex((one) => one.getAttribute("aria-selected") === "true");
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) {
    event.preventDefault();
    if (list.hidden) window.htmx.trigger(box, "find");
    else if (all.length) mark(picker, all[(now + step + all.length + (now < 0 && step < 0 ? 1 : 0)) % all.length]);
  } else if (event.key === "Escape" && !list.hidden) {
    event.preventDefault();
    show(picker, false);
  } else if (event.key === "Enter" && !list.hidden && all.length) {
    event.preventDefault();
    choose(picker, all[Math.max(now, 0)]);
  }
});

document.addEventListener("click", (event) => {
  for (const picker of document.querySelectorAll("[data-picker]")) {
    const option = picker.contains(event.target) && event.target.closest("[data-value]");
    if (option) choose(picker, option);
    else if (!picker.contains(event.target)) show(picker, false);
  }
});

document.addEventListener("focusout", (event) => {
  const picker = event.target.closest("[data-picker]");
  if (picker && event.relatedTarget && !picker.contains(event.relatedTarget)) show(picker, false);
});

// What was typed and not chosen must not look as if it were a filter.
document.addEventListener("submit", (event) => {
  for (const picker of event.target.querySelectorAll("[data-picker]")) {
    const { box, picked } = parts(picker);
    if (!picked.value && box.value.trim()) {
      event.preventDefault();
      picker.classList.add("invalid");
      box.setAttribute("aria-invalid", "true");
      box.focus();
      window.htmx.trigger(box, "find");
      return;
    }
    box.removeAttribute("aria-invalid");
  }
});
