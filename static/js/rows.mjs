// Adds rows to an inventory: the last row is copied, emptied and numbered on.
document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-add-row]");
  if (!button) return;
  const body = button.closest("form").querySelector("[data-rows] tbody");
  const last = body.rows[body.rows.length - 1];
  const row = last.cloneNode(true);
  const next = (name) => name.replace(/row-(\d+)-/, (_, number) => `row-${Number(number) + 1}-`);
  for (const control of row.querySelectorAll("input, select, textarea")) {
    control.name = next(control.name);
    control.id = next(control.id);
    if (control.type === "checkbox") control.checked = false;
    else if (control.tagName === "SELECT") control.selectedIndex = 0;
    else control.value = "";
  }
  row.querySelector(".verdict")?.replaceChildren();
  body.append(row);
  row.querySelector("input, select, textarea")?.focus();
});
for (const button of document.querySelectorAll("[data-add-row]")) button.hidden = false;
