// Walls of pictures by keyboard: arrows move, Enter opens (it is a link), m marks, c chooses. And one opened image:
// left and right go along its wall, m marks, u goes back to it.

const links = () => [...document.querySelectorAll("[data-cards] [data-card-link]")];
const card = () => document.activeElement?.closest("[data-card]");
const large = document.getElementById("large-view");

function typing(event) {
  return event.ctrlKey || event.metaKey || event.altKey || large?.open || event.target.closest("input:not([type=checkbox]), select, textarea, [contenteditable]");
}

// How many pictures stand in a row: those as high up as the first.
function columns(all) {
  const top = all[0].closest("[data-card]").offsetTop;
  const next = all.findIndex((link) => link.closest("[data-card]").offsetTop > top);
  return next < 0 ? all.length : next;
}

function focusOn(link) {
  link.focus({ preventScroll: true });
  link.closest("[data-card]").scrollIntoView({ block: "nearest" });
}

function move(key) {
  const all = links();
  if (!all.length) return false;
  const at = all.indexOf(card()?.querySelector("[data-card-link]"));
  if (at < 0) return false;
  const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns(all), ArrowDown: columns(all), Home: -at, End: all.length - 1 - at }[key];
  if (by === undefined) return false;
  const to = Math.min(Math.max(at + by, 0), all.length - 1);
  focusOn(all[to]);
  // The last picture brings those that come after it into sight, and so onto the page.
  if (to === all.length - 1) document.querySelector(".shots-more button")?.scrollIntoView({ block: "nearest" });
  return true;
}

function press(element) {
  element?.click();
  return Boolean(element);
}

function onWall(key) {
  if (key === "m") return press(card()?.querySelector("[data-mark]"));
  if (key === "c") return press(card()?.querySelector("[data-choose]"));
  return move(key);
}

function onImage(key) {
  const head = document.querySelector("[data-opened]");
  if (!head) return false;
  const target = { ArrowLeft: "a[rel=prev]", ArrowRight: "a[rel=next]", m: "[data-mark]", u: "[data-back]" }[key];
  return target ? press(head.querySelector(target)) : false;
}

document.addEventListener("keydown", (event) => {
  if (typing(event)) return;
  if (onWall(event.key) || onImage(event.key)) event.preventDefault();
});

// Buttons say how many are chosen, and wait until there is one.
function count() {
  const chosen = document.querySelectorAll("[data-choose]:checked").length;
  for (const button of document.querySelectorAll("[data-of-chosen]")) {
    button.disabled = chosen === 0;
    button.form.toggleAttribute("data-chosen", chosen > 0);
    button.textContent = chosen ? `${button.dataset.ofChosen} ${chosen}` : button.dataset.ofChosen;
  }
}
document.addEventListener("change", (event) => { if (event.target.matches("[data-choose]")) count(); });
count();

// Back from an image: the wall is entered where it was left, by keyboard, too. Browsers take the focus off everything as
// they go to an address's fragment, so that this comes after that.
addEventListener("pageshow", () => {
  const entered = location.hash.startsWith("#image-") && document.getElementById(location.hash.slice(1));
  if (entered) requestAnimationFrame(() => focusOn(entered.querySelector("[data-card-link]")));
});
