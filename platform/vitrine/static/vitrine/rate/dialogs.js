// The page's dialogs: opened by name, closed with what was chosen. The browser keeps the focus inside and gives it back.

export class Dialogs {
  // on: {opened(), closed()}, so that time stands still meanwhile.
  constructor(root, on) {
    this.on = on;
    this.all = Object.fromEntries([...root.querySelectorAll("[data-dialog]")].map((dialog) => [dialog.dataset.dialog, dialog]));
    for (const dialog of Object.values(this.all)) {
      dialog.addEventListener("click", (event) => {
        if (event.target === dialog || event.target.closest("[data-close]")) dialog.close("");
      });
      dialog.addEventListener("keydown", (event) => this.key(event, dialog));
    }
  }

  get isOpen() {
    return Object.values(this.all).some((dialog) => dialog.open);
  }

  // Resolves to the form's fields where it was sent, to null where it was closed.
  open(name) {
    const dialog = this.all[name];
    if (dialog.open) return Promise.resolve(null);
    dialog.querySelector("form")?.reset();
    dialog.returnValue = "";
    this.on.opened();
    dialog.showModal();
    return new Promise((resolve) => {
      const done = () => {
        this.on.closed();
        const form = dialog.querySelector("form");
        resolve(dialog.returnValue === "send" && form ? Object.fromEntries(new FormData(form)) : null);
      };
      dialog.addEventListener("close", done, { once: true });
    });
  }

  tell(title, lines) {
    const { told } = this.all;
    told.querySelector("[data-told-title]").textContent = title;
    const words = lines.map((line) => Object.assign(document.createElement("p"), { textContent: line }));
    told.querySelector("[data-told-words]").replaceChildren(...words);
    return this.open("told");
  }

  // A digit chooses a reason; ? closes the help that it opened.
  key(event, dialog) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input:not([type=radio]):not([type=checkbox])")) return;
    const reason = dialog.querySelectorAll("[name=reason]")[Number(event.key) - 1];
    if (reason) {
      reason.checked = true;
      reason.focus();
    } else if (event.key === "?" && dialog === this.all.help) dialog.close("");
    else return;
    event.preventDefault();
  }
}
