// What every page needs and HTML alone does not give. No framework; each behaviour is found by a data attribute.

// Times come in UTC; show them in the reader's own zone.
function localTimes(root) {
  for (const element of root.querySelectorAll("time[datetime]:not([data-plain])")) {
    const when = new Date(element.dateTime);
    if (!Number.isNaN(when.getTime())) element.title = when.toLocaleString();
  }
}

// data-confirm="question" on a form or button: ask before it is sent.
document.addEventListener("submit", (event) => {
  const question = event.submitter?.dataset.confirm ?? event.target.dataset.confirm;
  if (question && !window.confirm(question)) event.preventDefault();
});

// data-autosubmit on a form: send it when one of its selects or boxes changes.
document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-autosubmit]");
  if (form) form.requestSubmit();
});

document.addEventListener("DOMContentLoaded", () => localTimes(document));
document.addEventListener("htmx:afterSwap", (event) => localTimes(event.target));

// A request that fails is said aloud in the live region, never swallowed.
function announce(text) {
  const region = document.getElementById("announcer");
  if (region) region.textContent = text;
}
document.addEventListener("htmx:responseError", (event) => announce(`The server refused that (${event.detail.xhr.status}).`));
document.addEventListener("htmx:sendError", () => announce("The server cannot be reached. It is tried again at the next action."));
