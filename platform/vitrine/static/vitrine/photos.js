// A product's photos: several uploads with a bar and a sentence each, drag to order, and the large view.

const form = document.querySelector("form[data-upload]");
const token = form?.querySelector("[name=csrfmiddlewaretoken]").value;
const CONCURRENT = 2;

function entry(name) {
  const item = document.createElement("li");
  const label = document.createElement("span");
  const bar = document.createElement("progress");
  label.textContent = name;
  bar.max = 1;
  bar.value = 0;
  bar.setAttribute("aria-label", `Upload of ${name}`);
  item.append(label, bar);
  form.querySelector("[data-uploads]").append(item);
  return { item, bar };
}

function finish({ item, bar }, text, good) {
  const note = document.createElement("span");
  note.textContent = text;
  note.className = good ? "upload-good" : "error-text";
  bar.remove();
  item.append(note);
}

function sentence(request) {
  try {
    return JSON.parse(request.responseText).detail;
  } catch {
    return request.status === 413 ? "The file is larger than the server takes." : `The server refused it (${request.status}).`;
  }
}

function send(file) {
  const shown = entry(file.name);
  const data = new FormData();
  data.append("file", file, file.name);
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("POST", form.dataset.upload);
    request.setRequestHeader("X-CSRFToken", token);
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) shown.bar.value = event.loaded / event.total;
    });
    request.addEventListener("load", () => {
      if (request.status === 201) finish(shown, "added", true);
      else if (request.status === 200) finish(shown, "is among the photos already", true);
      else finish(shown, sentence(request), false);
      resolve();
    });
    request.addEventListener("error", () => {
      finish(shown, "The server cannot be reached. Try this file again.", false);
      resolve();
    });
    request.send(data);
  });
}

async function upload(files) {
  const waiting = [...files];
  if (!waiting.length) return;
  form.querySelector("[data-uploads]").replaceChildren();
  const lane = async () => {
    while (waiting.length) await send(waiting.shift());
  };
  await Promise.all(Array.from({ length: CONCURRENT }, lane));
  form.reset();
  htmx.ajax("GET", form.dataset.photos, "#photos");
}

if (form) {
  const input = form.querySelector("input[type=file]");
  form.querySelector("button[type=submit]").hidden = true; // files go up as soon as they are chosen
  input.addEventListener("change", () => upload(input.files));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    upload(input.files);
  });
  for (const name of ["dragover", "dragleave", "drop"]) {
    form.addEventListener(name, (event) => {
      event.preventDefault();
      form.classList.toggle("over", name === "dragover");
      if (name === "drop") upload(event.dataTransfer.files);
    });
  }
  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length) {
      event.preventDefault();
      upload(files);
    }
  });
}

// Drag a photo over another one: it takes that place; the order is sent when it is let go.
let dragged = null;
document.addEventListener("dragstart", (event) => {
  dragged = event.target.closest?.("[data-photo]") ?? null;
  dragged?.classList.add("dragged");
});
document.addEventListener("dragover", (event) => {
  const over = dragged && event.target.closest?.("[data-photo]");
  if (!over) return;
  event.preventDefault();
  if (over === dragged) return;
  const forwards = dragged.compareDocumentPosition(over) & Node.DOCUMENT_POSITION_FOLLOWING;
  over[forwards ? "after" : "before"](dragged);
});
document.addEventListener("drop", (event) => {
  if (dragged) event.preventDefault();
});
document.addEventListener("dragend", () => {
  if (!dragged) return;
  const list = dragged.closest("[data-order]");
  dragged.classList.remove("dragged");
  dragged = null;
  const order = [...list.querySelectorAll("[data-photo]")].map((item) => item.dataset.photo);
  htmx.ajax("POST", list.dataset.order, { target: "#photos", values: { photo: order } });
});

// The large view; without a script the link opens the photo itself.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-large]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const dialog = document.getElementById("large-view");
  const image = dialog.querySelector("img");
  image.src = link.href;
  image.alt = link.querySelector("img").alt;
  dialog.showModal();
});
document.getElementById("large-view")?.addEventListener("click", (event) => {
  if (event.target === event.currentTarget) event.currentTarget.close();
});
