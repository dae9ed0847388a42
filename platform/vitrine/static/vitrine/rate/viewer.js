// The pictures, and the two panes that show them: a product photo and the image to judge, zoomed and moved together, side
// by side, flipped or overlaid. The view is kept in shares of the picture, so that pictures of different sizes show the
// same place.

const RETRIES_S = [1, 3, 8];
const MOST = 8; // times the whole picture

// A picture as an element, fetched and decoded before it is needed. One that does not come is tried again; after the last
// try it is `failed`, and `retry()` begins anew.
class Picture {
  constructor(source, alt) {
    this.url = source.url;
    this.element = new Image();
    this.element.alt = alt;
    this.element.draggable = false;
    this.element.decoding = "sync"; // it is decoded before it is shown; showing it must not wait for another frame
    [this.width, this.height] = source.size ?? [1, 1];
    this.ready = null;
  }

  // Fetch and decode it, or begin anew; resolves to whether it is there. Asked twice, it is fetched once.
  load() {
    return this.ready ?? this.retry();
  }

  retry() {
    this.failed = false;
    this.ready = this.fetch();
    return this.ready;
  }

  async fetch() {
    for (const wait of [...RETRIES_S, 0]) {
      this.element.src = this.url;
      try {
        await this.element.decode();
        this.width = this.element.naturalWidth;
        this.height = this.element.naturalHeight;
        return true;
      } catch {
        if (wait) await new Promise((resolve) => setTimeout(resolve, wait * 1000));
        this.element.removeAttribute("src"); // the same address again would not be asked for
      }
    }
    this.failed = true;
    return false;
  }
}

const KEPT_PHOTOS = 24;
const shared = new Map(); // by address, the one that was asked for longest ago first

// A product's photos come with each of its images: as one element for all, they are fetched, decoded and drawn once.
function photoOf(source, alt) {
  const known = shared.get(source.url);
  const photo = known && !known.failed ? known : new Picture(source, alt);
  shared.delete(source.url);
  shared.set(source.url, photo);
  if (shared.size > KEPT_PHOTOS) shared.delete(shared.keys().next().value);
  return photo;
}

// All pictures of a task.
export class Pictures {
  constructor(task) {
    const count = task.photos.length;
    this.image = new Picture({ url: task.image, size: task.image_size }, "The image to judge");
    this.photos = task.photos.map((photo, index) => photoOf(photo, `Product photo ${index + 1} of ${count}`));
    // What is seen first is fetched first, and decides when the task can be shown; the other photos follow.
    this.ready = Promise.all([this.image.load(), this.photos[0]?.load()]);
    this.ready.then(async () => {
      for (const photo of this.photos) await photo.load();
    });
  }
}

export const STEP = 1.5;
const WHOLE = { zoom: 1, x: 0.5, y: 0.5 };
const MODES = ["side", "flip", "overlay"];
const TAP_PX = 6;
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

export class Viewer {
  // root: the stage with [data-pane=photo|image]; say: speaks to the live region.
  constructor(root, say) {
    this.root = root;
    this.say = say;
    this.panes = { photo: root.querySelector("[data-pane=photo]"), image: root.querySelector("[data-pane=image]") };
    this.frame = root.querySelector("[data-panes]");
    this.thumbs = root.querySelector("[data-thumbs]");
    this.slider = root.querySelector("[data-opacity]");
    this.pictures = null;
    this.photo = 0;
    this.listed = []; // the photos that the row of small ones shows
    this.view = { ...WHOLE };
    this.byQuestion = false;
    this.pointers = new Map();
    this.mode(window.matchMedia("(max-width: 48rem)").matches ? "flip" : "side", true);
    this.face("image");
    this.listen();
  }

  // --- what is shown -----------------------------------------------------------------------------------------------
  show(pictures) {
    this.pictures = pictures;
    this.view = { ...WHOLE };
    this.byQuestion = false;
    this.face("image");
    this.place("image", pictures.image);
    this.listPhotos();
    this.choosePhoto(0, true);
    this.draw();
  }

  place(name, picture) {
    const pane = this.panes[name];
    const layer = pane.querySelector("[data-layer]");
    pane.picture = picture;
    if (layer.firstElementChild !== (picture?.element ?? null)) layer.replaceChildren(...(picture ? [picture.element] : []));
    this.settle(pane, picture);
  }

  // Say in the pane whether its picture is there, still coming, or lost.
  settle(pane, picture) {
    const tell = () => {
      if (pane.picture !== picture) return;
      pane.dataset.state = picture.failed ? "failed" : "ready";
      this.draw();
    };
    const there = picture?.element.complete && picture.element.naturalWidth;
    pane.dataset.state = !picture ? "none" : picture.failed ? "failed" : there ? "ready" : "coming";
    if (!there) picture?.load().then(tell);
  }

  listPhotos() {
    const { photos } = this.pictures;
    this.thumbs.hidden = photos.length < 2;
    if (photos.length === this.listed.length && photos.every((photo, index) => photo === this.listed[index])) return;
    this.listed = photos;
    const buttons = photos.map((photo, index) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "rate-thumb";
      button.setAttribute("aria-label", photo.element.alt);
      const small = new Image();
      small.alt = "";
      small.draggable = false;
      photo.load().then((there) => there && (small.src = photo.url));
      button.append(small);
      button.addEventListener("click", () => this.choosePhoto(index));
      return button;
    });
    this.thumbs.replaceChildren(...buttons);
  }

  choosePhoto(index, quiet = false) {
    const { photos } = this.pictures;
    if (!photos.length) return this.place("photo", null);
    this.photo = (index + photos.length) % photos.length;
    [...this.thumbs.children].forEach((button, at) => button.setAttribute("aria-pressed", String(at === this.photo)));
    const label = photos.length > 1 ? `Product photo ${this.photo + 1} of ${photos.length}` : "Product photo";
    this.panes.photo.querySelector("[data-label]").textContent = label;
    if (!quiet && this.root.dataset.mode === "flip") this.face("photo");
    this.place("photo", photos[this.photo]);
    if (!quiet) {
      this.draw();
      this.say(label);
    }
    return undefined;
  }

  nextPhoto(by) {
    if (this.pictures) this.choosePhoto(this.photo + by);
  }

  mode(name, quiet = false) {
    this.root.dataset.mode = name;
    for (const button of this.root.querySelectorAll("[data-mode-button]")) {
      button.setAttribute("aria-pressed", String(button.dataset.modeButton === name));
    }
    this.overlay();
    this.draw();
    if (!quiet) this.say({ side: "Side by side", flip: "One at a time; x flips", overlay: "One over the other" }[name]);
  }

  nextMode() {
    this.mode(MODES[(MODES.indexOf(this.root.dataset.mode) + 1) % MODES.length]);
  }

  face(name) {
    this.root.dataset.face = name;
  }

  flip() {
    if (this.root.dataset.mode !== "flip") this.mode("flip", true);
    this.face(this.root.dataset.face === "image" ? "photo" : "image");
    this.say(this.root.dataset.face === "image" ? "Image to judge" : this.panes.photo.querySelector("[data-label]").textContent);
  }

  overlay() {
    const mixed = this.root.dataset.mode === "overlay";
    this.panes.image.style.opacity = mixed ? this.slider.value / 100 : "";
  }

  // --- zoom and place ----------------------------------------------------------------------------------------------
  zoomTo(zoom, at = null) {
    const before = this.view.zoom;
    const after = clamp(zoom, 1, MOST);
    if (at) {
      // The place under the pointer stays under the pointer.
      this.view.x += at.x * (1 / before - 1 / after);
      this.view.y += at.y * (1 / before - 1 / after);
    }
    this.view.zoom = after;
    this.byQuestion = false;
    this.draw();
  }

  zoomBy(factor, at = null) {
    this.zoomTo(this.view.zoom * factor, at);
  }

  fit() {
    this.view = { ...WHOLE };
    this.byQuestion = false;
    this.draw();
  }

  pan(dx, dy) {
    this.view.x += dx / this.view.zoom;
    this.view.y += dy / this.view.zoom;
    this.draw();
  }

  // A question about details comes closer by itself, and goes back with the next one; a person's own zoom stays. The
  // first look at an image is at the whole of it, whatever is asked first.
  suit(shown, first) {
    if (shown === "zoom" && this.view.zoom === 1 && !first) {
      this.view = { ...WHOLE, zoom: 2 };
      this.byQuestion = true;
    } else if (shown !== "zoom" && this.byQuestion) {
      this.view = { ...WHOLE };
      this.byQuestion = false;
    }
    this.draw();
  }

  draw() {
    const { view } = this;
    view.x = view.zoom === 1 ? 0.5 : clamp(view.x, 0, 1);
    view.y = view.zoom === 1 ? 0.5 : clamp(view.y, 0, 1);
    this.root.toggleAttribute("data-zoomed", view.zoom > 1);
    this.root.querySelector("[data-zoom]").textContent = `${Math.round(view.zoom * 100)} %`;
    for (const pane of Object.values(this.panes)) this.drawPane(pane);
  }

  drawPane(pane) {
    const picture = pane.picture;
    const { clientWidth: width, clientHeight: height } = pane;
    if (!picture || !width || !height) return;
    const { zoom } = this.view;
    const fit = Math.min(width / picture.width, height / picture.height);
    const [wide, high] = [picture.width * fit * zoom, picture.height * fit * zoom];
    const axis = (room, size, share) => (size <= room ? (room - size) / 2 : clamp(room / 2 - share * size, room - size, 0));
    const style = picture.element.style;
    style.width = `${wide / zoom}px`;
    style.height = `${high / zoom}px`;
    style.transform = `translate(${axis(width, wide, this.view.x)}px, ${axis(height, high, this.view.y)}px) scale(${zoom})`;
  }

  // A pointer's place from the middle of its pane, in shares of the picture at zoom 1.
  where(event, pane) {
    const box = pane.getBoundingClientRect();
    const picture = pane.picture ?? { width: 1, height: 1 };
    const fit = Math.min(box.width / picture.width, box.height / picture.height);
    return {
      x: (event.clientX - box.left - box.width / 2) / (picture.width * fit),
      y: (event.clientY - box.top - box.height / 2) / (picture.height * fit),
    };
  }

  // --- hands -------------------------------------------------------------------------------------------------------
  listen() {
    new ResizeObserver(() => this.draw()).observe(this.frame);
    for (const pane of Object.values(this.panes)) {
      pane.addEventListener("wheel", (event) => this.wheel(event, pane), { passive: false });
      pane.addEventListener("pointerdown", (event) => this.down(event, pane));
      pane.addEventListener("pointermove", (event) => this.move(event, pane));
      for (const end of ["pointerup", "pointercancel"]) pane.addEventListener(end, (event) => this.up(event, pane));
      pane.addEventListener("dblclick", (event) => this.zoomTo(this.view.zoom > 1 ? 1 : 3, this.where(event, pane)));
      pane.querySelector("[data-retry]").addEventListener("click", () => {
        pane.picture.retry();
        this.settle(pane, pane.picture);
      });
    }
    this.slider.addEventListener("input", () => this.overlay());
    const acts = { in: () => this.zoomBy(STEP), out: () => this.zoomBy(1 / STEP), fit: () => this.fit(), flip: () => this.flip() };
    this.root.addEventListener("click", (event) => {
      const button = event.target.closest("[data-view], [data-mode-button]");
      if (button?.dataset.view) acts[button.dataset.view]();
      else if (button) this.mode(button.dataset.modeButton);
    });
  }

  wheel(event, pane) {
    // Where the page itself scrolls, a bare wheel is for that.
    if (!event.ctrlKey && document.documentElement.scrollHeight > window.innerHeight) return;
    event.preventDefault();
    this.zoomBy(Math.exp(-clamp(event.deltaY, -120, 120) / 300), this.where(event, pane));
  }

  down(event, pane) {
    if (event.target.closest("button")) return;
    this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY, startX: event.clientX, startY: event.clientY });
    if (this.view.zoom > 1 || this.pointers.size > 1) pane.setPointerCapture(event.pointerId);
  }

  move(event, pane) {
    const held = this.pointers.get(event.pointerId);
    if (!held) return;
    const before = this.spread();
    const [dx, dy] = [event.clientX - held.x, event.clientY - held.y];
    Object.assign(held, { x: event.clientX, y: event.clientY });
    if (this.pointers.size === 2) {
      const after = this.spread();
      this.zoomBy(after.distance / before.distance, this.where({ clientX: after.x, clientY: after.y }, pane));
      this.slide(pane, after.x - before.x, after.y - before.y);
    } else if (this.view.zoom > 1) this.slide(pane, dx, dy);
  }

  slide(pane, dx, dy) {
    const from = this.where({ clientX: 0, clientY: 0 }, pane);
    const to = this.where({ clientX: dx, clientY: dy }, pane);
    this.pan(from.x - to.x, from.y - to.y);
  }

  spread() {
    const [first, second = first] = [...this.pointers.values()];
    const distance = Math.hypot(first.x - second.x, first.y - second.y) || 1;
    return { distance, x: (first.x + second.x) / 2, y: (first.y + second.y) / 2 };
  }

  up(event) {
    const held = this.pointers.get(event.pointerId);
    this.pointers.delete(event.pointerId);
    const still = held && Math.hypot(event.clientX - held.startX, event.clientY - held.startY) < TAP_PX;
    if (still && event.type === "pointerup" && !this.pointers.size && this.root.dataset.mode === "flip") this.flip();
  }
}
