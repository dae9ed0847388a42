// Draws the plots of a page with Vega-Lite. A specification lies beside each as JSON; its colours are names of design
// tokens, looked up here in the scheme that shows. Expressions are interpreted, as the site allows no evaluated text.

const FILE_WIDTH = 720;
const SETTINGS = { ast: true, renderer: "svg", actions: false, defaultStyle: false, tooltip: { disableDefaultStyle: true } };
const dark = window.matchMedia("(prefers-color-scheme: dark)");

// scheme: "light", "dark" or "" for the one that shows
function colours(scheme) {
  const probe = document.body.appendChild(document.createElement("span"));
  probe.style.colorScheme = scheme;
  const known = new Map();
  const look = (name) => {
    probe.style.color = `var(${name})`;
    if (!known.has(name)) known.set(name, getComputedStyle(probe).color);
    return known.get(name);
  };
  const walk = (value) => {
    if (Array.isArray(value)) return value.map(walk);
    if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, walk(one)]));
    return typeof value === "string" && value.startsWith("--") ? look(value) : value;
  };
  return { walk, done: () => probe.remove() };
}

function themed(spec, scheme) {
  const found = colours(scheme);
  const config = found.walk(spec.config);
  found.done();
  return { ...spec, config, usermeta: {} };
}

class Plot {
  constructor(figure) {
    this.figure = figure;
    this.spec = JSON.parse(figure.querySelector("script[type='application/json']").textContent);
    this.drawn = figure.querySelector(".plot-drawn");
    this.read = figure.querySelector(".plot-read");
    this.place = -1;
    this.drawn.addEventListener("keydown", (event) => this.step(event));
    for (const button of figure.querySelectorAll("[data-plot-file]")) {
      button.addEventListener("click", () => this.save(button.dataset.plotFile));
    }
  }

  async draw() {
    this.view?.finalize();
    try {
      this.view = (await vegaEmbed(this.drawn, themed(this.spec, ""), SETTINGS)).view;
      // What a drawing of many parts has to say is in its label and in the table.
      for (const part of this.drawn.querySelectorAll("svg, svg *")) {
        for (const name of ["role", "aria-label", "aria-roledescription"]) part.removeAttribute(name);
      }
      this.drawn.querySelector("svg")?.setAttribute("aria-hidden", "true");
      this.figure.dataset.state = "drawn";
    } catch (problem) {
      this.figure.dataset.state = "broken";
      this.figure.querySelector("details").open = true;
      console.error(problem);
    }
  }

  // Arrow keys read the rows out, one after another.
  step(event) {
    const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const rows = [...this.figure.querySelectorAll("tbody tr")];
    if (!by || !rows.length) return;
    event.preventDefault();
    this.place = (this.place + by + rows.length) % rows.length;
    const heads = [...this.figure.querySelectorAll("thead th")].map((one) => one.textContent.trim());
    this.read.textContent = [...rows[this.place].children].map((cell, at) => `${heads[at]}: ${cell.textContent.trim()}`).join(", ");
  }

  // Files are for paper and slides: light, of one width, with the title on them.
  async save(form) {
    const { name, title } = this.spec.usermeta.vitrine;
    if (form === "csv") return offer(new Blob([this.csv()], { type: "text/csv" }), `${name}.csv`);
    const held = document.createElement("div");
    const { view, finalize } = await vegaEmbed(held, { ...themed(this.spec, "light"), width: FILE_WIDTH, title }, { ...SETTINGS, renderer: form === "png" ? "canvas" : "svg" });
    try {
      const file = form === "svg"
        ? new Blob([await view.toSVG()], { type: "image/svg+xml" })
        : await new Promise((resolve) => view.toCanvas(2).then((canvas) => canvas.toBlob(resolve, "image/png")));
      offer(file, `${name}.${form}`);
    } finally {
      finalize();
    }
  }

  csv() {
    const { columns } = this.spec.usermeta.vitrine;
    const rows = this.spec.data.values.map((row) => columns.map(({ key }) => cell(row[key])));
    return [columns.map(({ label }) => cell(label)), ...rows].map((row) => row.join(",")).join("\r\n") + "\r\n";
  }
}

// Text that a spreadsheet would run as a formula is disarmed, as in the site's other files.
function cell(value) {
  if (value === null || value === undefined) return "";
  if (typeof value !== "string") return String(value);
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function offer(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

const plots = new Set();
function prepare(root) {
  for (const figure of root.querySelectorAll("figure[data-plot]:not([data-state])")) {
    figure.dataset.state = "waiting";
    const plot = new Plot(figure);
    plots.add(plot);
    plot.draw();
  }
}

dark.addEventListener("change", () => {
  for (const plot of plots) {
    if (plot.figure.isConnected) plot.draw();
    else plots.delete(plot);
  }
});
document.addEventListener("htmx:afterSwap", () => prepare(document));
prepare(document);
