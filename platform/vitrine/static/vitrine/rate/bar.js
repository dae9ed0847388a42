// What the page says about the work: the bar on top, the live region, and the panel where there is nothing to rate.

const SHORT_LEASE_MS = 3 * 60_000;

export class Bar {
  constructor(body, keep) {
    this.body = body;
    this.keep = keep;
    this.find = (selector) => body.querySelector(selector);
    this.say = this.say.bind(this);
  }

  say(text) {
    this.find("#announcer").textContent = text;
  }

  // The server's counts, with what is still on its way there.
  progress(told) {
    if (!told) return;
    const { done, today, remaining, limit } = told;
    const waiting = this.keep.waiting().filter((item) => item.act === "submit").length;
    const bar = this.find("[data-progress]");
    const known = limit || Number.isFinite(remaining);
    bar.max = Math.max(1, limit || done + (remaining ?? 0));
    bar.value = done + waiting;
    this.find("[data-count]").textContent = `${done + waiting}${known ? ` of ${bar.max}` : ""} · ${today + waiting} today`;
  }

  // until: performance.now() at which the lease ends; null while nothing is held. Returns whether it is over.
  lease(until) {
    const element = this.find("[data-lease]");
    if (until === null) {
      element.textContent = "";
      return false;
    }
    const left = until - performance.now();
    element.textContent = left > 0 ? `yours for ${Math.ceil(left / 60_000)} min` : "time is over";
    element.classList.toggle("error-text", left < SHORT_LEASE_MS);
    return left <= 0;
  }

  // How the server is doing; what is bad, and that it is over, is spoken as well.
  line(text, bad = false) {
    const element = this.find("[data-line]");
    const was = element.classList.contains("error-text");
    if (bad !== was) this.say(text);
    element.textContent = this.keep.lasting ? text : `${text} This browser keeps nothing: leave the tab open until all is saved.`;
    element.classList.toggle("error-text", bad || !this.keep.lasting);
    this.find("[data-act=now]").hidden = !bad;
  }

  prompt(text) {
    const element = this.find("[data-prompt]");
    element.hidden = !text;
    element.textContent = text ? `Asked for: ${text}` : "";
  }

  // name: of an earlier image that is on the screen; null for the newest.
  back(name) {
    this.find("[data-back]").hidden = name === null;
    this.find("[data-back-words]").textContent =
      name === null ? "" : `${name}, which you have rated. A key changes the answer and is saved at once.`;
    this.find("[data-submit-words]").textContent = name === null ? "Submit" : "Done";
  }

  // The panel in place of the work; state: "empty", "stopped" or "elsewhere".
  none(title, words, state, again = "Look again") {
    this.body.dataset.state = state;
    this.find("[data-none]").hidden = false;
    this.find("[data-none-title]").textContent = title;
    this.find("[data-none-words]").textContent = words;
    this.find("[data-act=again]").textContent = again;
    this.find("[data-none-title]").focus();
    this.back(null);
    this.lease(null);
  }

  work() {
    this.body.dataset.state = "rating";
    this.find("[data-none]").hidden = true;
  }

  wait() {
    this.body.dataset.state = "loading";
    this.find("[data-none]").hidden = true;
    this.back(null);
  }
}
