// The photo on a canvas: zoom and pan, the mask over it, and what pointer and keyboard do there. Knows no server.

import { fromPicture, painted } from "./mask.js";

const CLICK = 6; // CSS pixels that a pointer may move and still click
const REACH = 10; // CSS pixels around a point within which a click takes it away
const LOOKS = ["tint", "cut", "photo"];
const LOOK_NAMES = { tint: "mask over the photo", cut: "product alone", photo: "photo alone" };
const NUDGE = 0.01; // of the photo's width, for the arrow keys; ten times that with shift

export class Stage {
  // `does` has point(x, y, label), unpoint(index), box(box), label() and say(text); coordinates are the photo's pixels.
  constructor(element, facts, does) {
    this.element = element;
    this.canvas = element.querySelector("canvas");
    this.does = does;
    this.width = facts.width;
    this.height = facts.height;
    this.prompt = { box: null, points: [] };
    this.look = 0;
    this.view = { scale: 1, x: 0, y: 0 };
    this.cross = null; // the keyboard's cross hair
    this.corner = null; // where the keyboard began a box
    this.drag = null;
    this.fingers = new Map();
    this.paint = null;
    this.photo = new Image();
    this.photo.src = facts.photo;
    this.ready = this.photo.decode().then(() => this.fit());
    this.listen();
  }

  set mask(mask) {
    this._mask = mask;
    this.paint = mask && { fill: painted(mask, this.colour("mask")), edge: painted(mask, this.colour("edge")) };
  }

  get mask() {
    return this._mask;
  }

  read(url) {
    return fromPicture(url);
  }

  // Canvas knows no custom properties: a hidden element of each name carries the sheet's colour.
  colour(name) {
    return getComputedStyle(this.element.querySelector(`[data-colour=${name}]`)).color;
  }

  busy(is) {
    this.element.toggleAttribute("data-busy", is);
    this.element.setAttribute("aria-busy", String(is));
  }

  // --- the view ------------------------------------------------------------------------------------------------------
  size() {
    const box = this.canvas.getBoundingClientRect();
    const dots = window.devicePixelRatio || 1;
    if (this.canvas.width !== Math.round(box.width * dots)) this.canvas.width = Math.round(box.width * dots);
    if (this.canvas.height !== Math.round(box.height * dots)) this.canvas.height = Math.round(box.height * dots);
    return { ...{ width: box.width, height: box.height }, dots };
  }

  fit() {
    const { width, height } = this.size();
    const scale = Math.min(width / this.width, height / this.height);
    this.view = { scale, x: (width - scale * this.width) / 2, y: (height - scale * this.height) / 2 };
    this.fitted = scale;
    this.draw();
  }

  zoom(by, at) {
    const { width, height } = this.size();
    const [x, y] = at ?? [width / 2, height / 2];
    const scale = Math.min(Math.max(this.view.scale * by, this.fitted), 16 * this.fitted);
    const grown = scale / this.view.scale;
    this.view = { scale, x: x - grown * (x - this.view.x), y: y - grown * (y - this.view.y) };
    this.pan(0, 0);
  }

  // Move by CSS pixels; the photo never leaves the stage.
  pan(dx, dy) {
    const { width, height } = this.size();
    const held = (at, room, length) => (length <= room ? (room - length) / 2 : Math.min(0, Math.max(room - length, at)));
    this.view.x = held(this.view.x + dx, width, this.view.scale * this.width);
    this.view.y = held(this.view.y + dy, height, this.view.scale * this.height);
    this.draw();
  }

  nextLook() {
    this.look = (this.look + 1) % LOOKS.length;
    this.does.say(`Shown: ${LOOK_NAMES[LOOKS[this.look]]}.`);
    this.draw();
  }

  toPhoto(x, y) {
    const inside = (value, most) => Math.min(most - 1, Math.max(0, Math.floor(value)));
    return [inside((x - this.view.x) / this.view.scale, this.width), inside((y - this.view.y) / this.view.scale, this.height)];
  }

  toScreen(x, y) {
    return [this.view.x + this.view.scale * (x + 0.5), this.view.y + this.view.scale * (y + 0.5)];
  }

  // --- drawing -------------------------------------------------------------------------------------------------------
  draw() {
    const { dots } = this.size();
    if (!this.canvas.width || !this.canvas.height) return; // not laid out, or hidden: it is fitted anew once it is seen
    const brush = this.canvas.getContext("2d");
    brush.setTransform(1, 0, 0, 1, 0, 0);
    brush.clearRect(0, 0, this.canvas.width, this.canvas.height);
    brush.setTransform(dots, 0, 0, dots, 0, 0);
    const look = LOOKS[this.look];
    this.drawPhoto(brush, look === "cut" && this.paint ? 0.12 : 1);
    if (this.paint && look === "cut") this.drawCut(brush, dots);
    if (this.paint && look === "tint") this.drawTint(brush, dots);
    if (look !== "photo") this.drawPrompt(brush);
  }

  drawPhoto(brush, strength) {
    brush.globalAlpha = strength;
    brush.drawImage(this.photo, this.view.x, this.view.y, this.view.scale * this.width, this.view.scale * this.height);
    brush.globalAlpha = 1;
  }

  layer(dots) {
    const canvas = new OffscreenCanvas(this.canvas.width, this.canvas.height);
    const brush = canvas.getContext("2d");
    brush.setTransform(dots, 0, 0, dots, 0, 0);
    return { canvas, brush };
  }

  place(brush, picture, dx = 0, dy = 0) {
    brush.drawImage(picture, this.view.x + dx, this.view.y + dy, this.view.scale * this.width, this.view.scale * this.height);
  }

  onto(brush, canvas, strength = 1) {
    brush.save();
    brush.setTransform(1, 0, 0, 1, 0, 0);
    brush.globalAlpha = strength;
    brush.drawImage(canvas, 0, 0);
    brush.restore();
  }

  drawCut(brush, dots) {
    const layer = this.layer(dots);
    this.place(layer.brush, this.paint.fill);
    layer.brush.globalCompositeOperation = "source-in";
    this.place(layer.brush, this.photo);
    this.onto(brush, layer.canvas);
  }

  // The outline keeps its width at every zoom: the mask in eight directions, without the mask itself.
  drawTint(brush, dots) {
    const fill = this.layer(dots);
    this.place(fill.brush, this.paint.fill);
    this.onto(brush, fill.canvas, 0.38);
    const edge = this.layer(dots);
    for (let turn = 0; turn < 8; turn++) this.place(edge.brush, this.paint.edge, 2 * Math.cos((turn * Math.PI) / 4), 2 * Math.sin((turn * Math.PI) / 4));
    edge.brush.globalCompositeOperation = "destination-out";
    this.place(edge.brush, this.paint.edge);
    this.onto(brush, edge.canvas);
  }

  drawPrompt(brush) {
    const box = this.drag?.box ?? this.prompt.box;
    if (box) this.drawBox(brush, box);
    this.prompt.points.forEach(([x, y, label]) => this.drawPoint(brush, ...this.toScreen(x, y), label));
    if (this.cross && document.activeElement === this.element) this.drawCross(brush, ...this.toScreen(...this.cross));
  }

  drawBox(brush, [left, top, right, bottom]) {
    const { scale, x, y } = this.view;
    for (const [colour, width] of [["halo", 4], ["edge", 2]]) {
      brush.strokeStyle = this.colour(colour);
      brush.lineWidth = width;
      brush.setLineDash(width === 2 ? [8, 5] : []);
      brush.strokeRect(x + scale * left, y + scale * top, scale * (right - left), scale * (bottom - top));
    }
    brush.setLineDash([]);
  }

  drawPoint(brush, x, y, label) {
    brush.lineWidth = 2;
    brush.strokeStyle = this.colour("halo");
    brush.fillStyle = this.colour(label ? "product" : "ground");
    brush.beginPath();
    brush.arc(x, y, 8, 0, 2 * Math.PI);
    brush.fill();
    brush.stroke();
    // A sign, not colour alone: plus for the product, minus for the ground.
    brush.beginPath();
    brush.moveTo(x - 4, y);
    brush.lineTo(x + 4, y);
    if (label) {
      brush.moveTo(x, y - 4);
      brush.lineTo(x, y + 4);
    }
    brush.stroke();
  }

  drawCross(brush, x, y) {
    for (const [colour, width] of [["halo", 4], ["edge", 1.5]]) {
      brush.strokeStyle = this.colour(colour);
      brush.lineWidth = width;
      brush.beginPath();
      for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
        brush.moveTo(x + 5 * dx, y + 5 * dy);
        brush.lineTo(x + 18 * dx, y + 18 * dy);
      }
      brush.stroke();
    }
  }

  // --- pointer and touch -----------------------------------------------------------------------------------------------
  listen() {
    const { canvas, element } = this;
    const at = (event) => {
      const box = canvas.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    canvas.addEventListener("contextmenu", (event) => event.preventDefault());
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoom(Math.exp(-event.deltaY / 400), at(event));
    }, { passive: false });
    canvas.addEventListener("pointerdown", (event) => this.down(event, at(event)));
    canvas.addEventListener("pointermove", (event) => this.move(event, at(event)));
    canvas.addEventListener("pointerup", (event) => this.up(event, at(event)));
    canvas.addEventListener("pointercancel", (event) => this.leave(event));
    element.addEventListener("keydown", (event) => this.key(event));
    for (const name of ["focus", "blur"]) element.addEventListener(name, () => this.draw());
    new ResizeObserver(() => this.photo.complete && this.photo.naturalWidth && this.fit()).observe(canvas);
  }

  down(event, at) {
    this.canvas.setPointerCapture(event.pointerId);
    this.fingers.set(event.pointerId, at);
    this.cross = null;
    if (this.fingers.size > 1) {
      this.drag = { pinch: true };
      return;
    }
    this.drag = { from: at, last: at, pan: event.button === 1, ground: event.button === 2 || event.shiftKey || event.ctrlKey };
    if (event.button === 1) event.preventDefault();
  }

  move(event, at) {
    if (!this.fingers.has(event.pointerId) || !this.drag) return;
    const before = this.fingers.get(event.pointerId);
    if (this.drag.pinch) {
      this.pinch(event.pointerId, at, before);
    } else if (this.drag.pan) {
      this.pan(at[0] - before[0], at[1] - before[1]);
    } else if (this.drag.box || Math.hypot(at[0] - this.drag.from[0], at[1] - this.drag.from[1]) > CLICK) {
      this.drag.box = this.boxOf(this.toPhoto(...this.drag.from), this.toPhoto(...at));
      this.draw();
    }
    this.fingers.set(event.pointerId, at);
  }

  pinch(id, at, before) {
    const [other] = [...this.fingers].filter(([finger]) => finger !== id).map(([, place]) => place);
    if (!other) return;
    const middle = [(at[0] + other[0]) / 2, (at[1] + other[1]) / 2];
    const was = Math.hypot(before[0] - other[0], before[1] - other[1]);
    const is = Math.hypot(at[0] - other[0], at[1] - other[1]);
    this.pan((at[0] - before[0]) / 2, (at[1] - before[1]) / 2);
    if (was > 0) this.zoom(is / was, middle);
  }

  up(event, at) {
    const drag = this.drag;
    this.leave(event);
    if (!drag || drag.pinch || drag.pan) return;
    if (drag.box) this.does.box(drag.box);
    else this.click(at, drag.ground);
  }

  leave(event) {
    this.fingers.delete(event.pointerId);
    // After a pinch the last finger up must not leave a point behind.
    if (!this.fingers.size || !this.drag?.pinch) this.drag = null;
    this.draw();
  }

  click(at, ground) {
    const near = this.prompt.points.findIndex(([x, y]) => {
      const place = this.toScreen(x, y);
      return Math.hypot(place[0] - at[0], place[1] - at[1]) <= REACH;
    });
    if (near >= 0) this.does.unpoint(near);
    else this.does.point(...this.toPhoto(...at), ground ? 0 : this.does.label());
  }

  boxOf([ax, ay], [bx, by]) {
    return [Math.min(ax, bx), Math.min(ay, by), Math.max(ax, bx) + 1, Math.max(ay, by) + 1];
  }

  // --- keyboard ------------------------------------------------------------------------------------------------------
  key(event) {
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in moves) this.nudge(moves[event.key], event.shiftKey ? 10 : 1);
    else if (event.key === "Enter" && this.cross) this.does.point(...this.cross, event.shiftKey ? 0 : this.does.label());
    else if (event.key.toLowerCase() === "b") this.markCorner();
    else return;
    event.preventDefault();
  }

  nudge([dx, dy], times) {
    const by = Math.max(1, Math.round(NUDGE * this.width)) * times;
    const [x, y] = this.cross ?? [Math.floor(this.width / 2), Math.floor(this.height / 2)];
    this.cross = [Math.min(this.width - 1, Math.max(0, x + dx * by)), Math.min(this.height - 1, Math.max(0, y + dy * by))];
    if (this.corner) this.drag = { box: this.boxOf(this.corner, this.cross) };
    this.does.say(`Cross hair at ${Math.round((100 * this.cross[0]) / this.width)} % from the left, ${Math.round((100 * this.cross[1]) / this.height)} % from the top.`);
    this.draw();
  }

  markCorner() {
    this.cross ??= [Math.floor(this.width / 2), Math.floor(this.height / 2)];
    if (!this.corner) {
      this.corner = this.cross;
      this.does.say("First corner of the box. Move with the arrow keys and press B again.");
      return;
    }
    const box = this.boxOf(this.corner, this.cross);
    this.cancel();
    this.does.box(box);
  }

  cancel() {
    this.corner = null;
    this.drag = null;
    this.draw();
  }
}
