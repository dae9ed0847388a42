// The product list: addresses name only the filters that are set.
document.addEventListener("htmx:configRequest", (event) => {
  if (!event.target.matches("form[data-lean]")) return;
  const parameters = event.detail.parameters;
  for (const name of Object.keys(parameters)) if (parameters[name] === "") delete parameters[name];
});
