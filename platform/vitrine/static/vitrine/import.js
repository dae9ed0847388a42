// The new-import form: folders by drag and drop with their paths, limits checked before sending, progress while sending.
// Without this script a zip, a list or a folder of the server still works.

const ARCHIVE_OR_LIST = /\.(zip|csv|tsv|jsonl|ndjson)(\.gz)?$/i;
const PHOTO = /\.(jpe?g|jfif|png|webp|gif|bmp|tiff?|hei[cf]|avif|svg|json)$/i;

function filesInto(input, files) {
  const transfer = new DataTransfer();
  for (const file of files) transfer.items.add(file);
  input.files = transfer.files;
}

// All files below a dropped entry, each with its path from the dropped folder on.
async function filesBelow(entry, path = "") {
  if (entry.isFile) {
    const file = await new Promise((found, failed) => entry.file(found, failed));
    return [{ file, path: path + entry.name }];
  }
  const reader = entry.createReader();
  const all = [];
  // readEntries gives at most a hundred at a time, and an empty list at the end.
  for (;;) {
    const some = await new Promise((found, failed) => reader.readEntries(found, failed));
    if (!some.length) break;
    for (const child of some) all.push(...(await filesBelow(child, `${path}${entry.name}/`)));
  }
  return all;
}

function importForm(form) {
  const [file, photos, paths] = ["file", "photos", "paths"].map((name) => form.elements[name]);
  const zone = form.querySelector("[data-import-drop]");
  const chosen = form.querySelector("[data-import-chosen]");
  const error = form.querySelector("[data-import-error]");
  const progress = form.querySelector("[data-import-progress]");

  function takeFolder(found) {
    const kept = found.filter(({ path }) => PHOTO.test(path) && !path.split("/").some((part) => part.startsWith(".")));
    file.value = "";
    filesInto(photos, kept.map(({ file: each }) => each));
    paths.value = JSON.stringify(kept.map(({ path }) => path));
    const folders = new Set(kept.map(({ path }) => path.slice(0, path.lastIndexOf("/"))));
    chosen.textContent = kept.length ? `${kept.length} files in ${folders.size} folders` : "There are no photos in that.";
    error.textContent = problem();
  }

  function problem() {
    const files = [...file.files, ...photos.files];
    const bytes = files.reduce((sum, each) => sum + each.size, 0);
    if (photos.files.length >= Number(form.dataset.maxFiles)) {
      return `${photos.files.length} photos are too many for one go (at most ${form.dataset.maxFiles - 1}). Make a zip of the folder and choose that.`;
    }
    if (bytes > Number(form.dataset.maxBytes)) {
      return `That is ${Math.round(bytes / 1e6)} MB; at most ${Math.round(form.dataset.maxBytes / 1e6)} MB can be uploaded. Put it on the server and import it from there.`;
    }
    return "";
  }

  photos.addEventListener("change", () => takeFolder([...photos.files].map((each) => ({ file: each, path: each.webkitRelativePath || each.name }))));
  file.addEventListener("change", () => {
    photos.value = paths.value = "";
    chosen.textContent = file.files[0]?.name ?? "";
    error.textContent = problem();
  });
  for (const [type, over] of [["dragover", true], ["dragleave", false], ["drop", false]]) {
    zone.addEventListener(type, (event) => {
      event.preventDefault();
      zone.classList.toggle("over", over);
    });
  }
  zone.addEventListener("drop", async (event) => {
    const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
    const found = (await Promise.all(entries.map((entry) => filesBelow(entry)))).flat();
    if (found.length === 1 && ARCHIVE_OR_LIST.test(found[0].path)) {
      filesInto(file, [found[0].file]);
      file.dispatchEvent(new Event("change"));
    } else {
      takeFolder(found);
    }
  });

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    error.textContent = problem();
    if (error.textContent) return;
    send(form, progress, error);
  });
}

function send(form, progress, error) {
  const request = new XMLHttpRequest();
  const button = form.querySelector("button[type=submit]");
  button.disabled = true;
  progress.hidden = false;
  request.upload.addEventListener("progress", (event) => {
    if (event.lengthComputable) progress.querySelector("progress").value = event.loaded / event.total;
  });
  request.addEventListener("error", () => {
    error.textContent = "The server cannot be reached, or it refused the upload. Try again.";
    progress.hidden = true;
    button.disabled = false;
  });
  request.addEventListener("load", () => {
    if (request.status < 400) {
      window.location.assign(request.getResponseHeader("Location") ?? request.responseURL);
      return;
    }
    const page = new DOMParser().parseFromString(request.responseText, "text/html");
    const main = page.querySelector("main");
    if (!main) {
      // A proxy's answer, not ours.
      request.dispatchEvent(new ProgressEvent("error"));
      return;
    }
    document.querySelector("main").replaceWith(main);
    start();
    document.querySelector("main [role=alert]")?.scrollIntoView();
  });
  request.open("POST", form.action);
  request.setRequestHeader("X-Requested-With", "XMLHttpRequest");
  request.send(new FormData(form));
}

function start() {
  const form = document.querySelector("[data-import-form]");
  if (form) importForm(form);
}
document.addEventListener("DOMContentLoaded", start);
