// The questions as groups of radio buttons: one is current, one key answers it and the next becomes current.

export class Questions {
  // on: {answered(key), turned(question), complete()}; complete is called once the last open question is answered.
  constructor(root, on) {
    this.root = root;
    this.on = on;
    this.groups = [...root.querySelectorAll("[data-question]")];
    this.keys = this.groups.map((group) => group.dataset.question);
    this.at = 0;
    this.whole = false; // every question had its answer before: going through it again is a change
    for (const [index, group] of this.groups.entries()) {
      group.addEventListener("change", (event) => this.chosen(index, event.target.value));
      group.addEventListener("focusin", () => this.turn(index));
      group.addEventListener("pointerdown", () => this.turn(index));
    }
  }

  get current() {
    return this.groups[this.at];
  }

  get answers() {
    return Object.fromEntries(this.keys.filter((key, index) => this.value(index)).map((key) => [key, this.value(this.keys.indexOf(key))]));
  }

  value(index) {
    return this.groups[index].querySelector("input:checked")?.value ?? null;
  }

  open() {
    return this.keys.map((_, index) => index).filter((index) => !this.value(index));
  }

  // Show an image's answers; `at` is the question to begin with, by default the first one open.
  show(answers, at = null) {
    for (const [index, group] of this.groups.entries()) {
      for (const input of group.querySelectorAll("input")) input.checked = answers[this.keys[index]] === input.value;
      this.mark(index);
    }
    this.whole = !this.open().length;
    this.at = -1;
    this.go(at ?? this.open()[0] ?? 0);
  }

  // Take answers that were given elsewhere (another tab) without moving.
  fill(answers) {
    for (const [index, key] of this.keys.entries()) {
      for (const input of this.groups[index].querySelectorAll("input")) input.checked = answers[key] === input.value;
      this.mark(index);
    }
  }

  answer(value) {
    const input = this.current.querySelector(`input[value="${value}"]`);
    if (!input) return;
    input.checked = true;
    this.chosen(this.at, value);
  }

  chosen(index) {
    this.turn(index);
    this.mark(index);
    this.on.answered(this.keys[index]);
    const open = this.open();
    const last = index === this.groups.length - 1;
    if (!open.length && (!this.whole || last)) {
      this.whole = true;
      this.on.complete();
    } else this.go(this.whole ? index + 1 : (open.find((other) => other > index) ?? open[0]));
  }

  mark(index) {
    this.groups[index].toggleAttribute("data-answered", Boolean(this.value(index)));
  }

  turn(index) {
    if (index === this.at) return;
    this.at = index;
    for (const [other, group] of this.groups.entries()) group.toggleAttribute("data-current", other === index);
    this.on.turned(this.groups[index]);
  }

  go(index) {
    this.turn(Math.min(Math.max(index, 0), this.groups.length - 1));
    this.focus();
  }

  // False at an end: there is no question before the first.
  move(by) {
    const to = this.at + by;
    if (to < 0 || to >= this.groups.length) return false;
    this.go(to);
    return true;
  }

  // A radio group has one stop: its chosen answer, or the first one.
  focus() {
    const input = this.current.querySelector("input:checked") ?? this.current.querySelector("input");
    input.focus({ preventScroll: true });
    this.current.scrollIntoView({ block: "nearest", behavior: "instant" });
  }

  // Left and right go through the answers of a question without choosing one.
  roam(by) {
    const inputs = [...this.current.querySelectorAll("input")];
    const from = inputs.indexOf(document.activeElement);
    inputs[(Math.max(from, 0) + by + inputs.length) % inputs.length].focus({ preventScroll: true });
    this.current.setAttribute("data-roaming", "");
    document.addEventListener("focusout", () => this.groups.forEach((group) => group.removeAttribute("data-roaming")), { once: true });
  }
}
