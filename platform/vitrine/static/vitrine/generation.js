// Runs and pictures: which stage is open, and the large view with arrow keys.

// The strip renews itself: what a person chose stays chosen, in the address and in what it asks for next.
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-stage-link]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  for (const other of document.querySelectorAll("[data-stage-link][aria-current]")) other.removeAttribute("aria-current");
  link.setAttribute("aria-current", "true");
  history.replaceState(history.state, "", link.href);
  const live = document.getElementById("run-live");
  const asks = live.getAttribute("hx-get");
  if (asks) {
    live.setAttribute("hx-get", asks.split("?")[0] + new URL(link.href).search);
    htmx.process(live);
  }
});

// What the open stage has come to since its panel was drawn is asked for: it began, ended, or was tried again.
document.addEventListener("htmx:afterSettle", (event) => {
  const link = event.target.id === "run-live" && event.target.querySelector("[data-stage-link][aria-current]");
  if (!link) return;
  const { state } = link.closest("[data-state]").dataset;
  const panel = document.getElementById("stage-panel")?.dataset;
  if (panel?.of !== link.id || panel.drawn !== state) htmx.ajax("GET", link.getAttribute("hx-get"), "#stage");
});

const view = document.getElementById("large-view");
let shown = null;

function showLarge(link) {
  shown = link;
  const image = view.querySelector("img");
  image.src = link.href;
  image.alt = link.querySelector("img").alt;
  view.querySelector("figcaption").textContent = image.alt;
  const turns = siblings().length > 1;
  for (const button of view.querySelectorAll("[data-turn]")) button.hidden = !turns;
  if (!view.open) view.showModal();
}

const siblings = () => [...(shown.closest("[data-shots], .lineage") ?? document).querySelectorAll("a[data-large]")];

function turn(by) {
  const all = siblings();
  showLarge(all[(all.indexOf(shown) + by + all.length) % all.length]);
}

// Without a script the link opens the picture itself.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-large]");
  if (!view || !link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  showLarge(link);
});
view?.addEventListener("click", (event) => {
  if (event.target === view) view.close();
  if (event.target.dataset.turn) turn(Number(event.target.dataset.turn));
});
view?.addEventListener("keydown", (event) => {
  const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (by) turn(by);
});
view?.addEventListener("close", () => shown?.focus());
