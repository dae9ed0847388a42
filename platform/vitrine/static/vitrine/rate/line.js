// The line to the server. Finished work waits in the queue of keep.js and goes out one piece at a time, in order; a piece
// leaves the queue only when the server has answered it. A dead line is tried again, later each time, and is seen.

const WAITS_S = [1, 2, 4, 8, 15, 30];
const TIMEOUT_MS = 30_000;

// The server understood and said no: `sentence` is for the person, `code` for the page.
export class Refused extends Error {
  constructor(status, told) {
    super(told.sentence ?? told.detail ?? `The server refused this (${status}).`);
    this.status = status;
    this.code = told.refused ?? "";
  }
}

// Nobody answered, or the server is in trouble: the same request may be sent again.
export class Away extends Error {}

// Signing in elsewhere renews the token, so it is read each time.
function token() {
  const found = document.cookie.match(/(?:^|; )(?:__Secure-)?csrftoken=([^;]+)/);
  return found ? decodeURIComponent(found[1]) : document.body.dataset.token;
}

function sentOut(response) {
  return response.redirected || response.status === 401 || (response.status === 403 && !isJson(response));
}

const isJson = (response) => response.headers.get("Content-Type")?.startsWith("application/json");

export class Line {
  // on: {state(text, bad), answer(item, told), refused(item, refusal), retry()}
  constructor(base, keep, on) {
    this.base = base;
    this.keep = keep;
    this.on = on;
    this.busy = false;
    this.failures = 0;
    this.timer = null;
    window.addEventListener("online", () => this.now());
  }

  // One request; the answer says when it was asked for. Raises Refused for what must not be sent again, Away for what may.
  async call(act, body, { method = "POST", keepalive = false } = {}) {
    const asked = performance.now();
    let response;
    try {
      response = await fetch(this.base + act, {
        method,
        keepalive,
        headers: { "X-CSRFToken": token(), "Content-Type": "application/json", Accept: "application/json" },
        body: method === "POST" ? JSON.stringify(body) : undefined,
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
    } catch {
      throw new Away("The server cannot be reached.");
    }
    if (sentOut(response)) {
      throw new Away("You are signed out: sign in again in another tab.");
    }
    if (response.status >= 500 || response.status === 429 || response.status === 408) throw new Away("The server is not answering.");
    const told = await response.json().catch(() => null);
    if (told === null) throw new Away("The server's answer broke off.");
    if (!response.ok) throw new Refused(response.status, told);
    return { ...told, asked };
  }

  // Send what waits, oldest first. Whoever calls while it runs need not wait: what was added is taken, too.
  async deliver() {
    if (this.busy) return;
    this.busy = true;
    clearTimeout(this.timer);
    let item;
    try {
      while ((item = this.keep.waiting()[0])) {
        this.show("Saving …");
        // It arrives though the tab is closed meanwhile; sent again by the next one, it is the same request.
        const told = await this.call(item.act, item.body, { keepalive: true });
        this.keep.drop(item.key);
        this.failures = 0;
        this.on.answer(item, told);
      }
      this.show("Saved");
    } catch (problem) {
      if (problem instanceof Refused) {
        this.keep.drop(item.key);
        this.on.refused(item, problem);
        this.again(0);
      } else if (problem instanceof Away) this.later(problem);
      else throw problem;
    } finally {
      this.busy = false;
    }
  }

  later(problem) {
    const seconds = WAITS_S[Math.min(this.failures++, WAITS_S.length - 1)];
    const count = this.keep.waiting().length;
    const kept = count === 1 ? "1 image is" : `${count} images are`;
    this.show(`${problem.message} ${count ? `${kept} kept here. ` : ""}Trying again in ${seconds} s.`, true);
    this.again(seconds * 1000 * (0.75 + Math.random() / 2));
  }

  again(ms) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.now(), ms);
  }

  // Try at once: the network came back, or the person asked.
  now() {
    clearTimeout(this.timer);
    this.on.retry();
    if (this.keep.waiting().length) this.deliver();
  }

  show(text, bad = false) {
    this.on.state(text, bad);
  }
}
