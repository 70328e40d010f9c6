// The row of a table that is being edited: its cells as inputs, and back (table.mjs has the contract).
const opened = new WeakMap(); // row -> what its cells held, and the values it was opened with

export const cells = (row) => [...row.querySelectorAll("td[data-key]")];
export const control = (cell) => cell?.querySelector("input, select, textarea");
export const isEditing = (row) => opened.has(row);

function value(cell) {
  const ticks = [...cell.querySelectorAll('input[type="checkbox"]')];
  if (ticks.length) return ticks.filter((each) => each.checked).map((each) => each.value).join(",");
  return control(cell)?.value ?? "";
}

export function values(row) {
  return Object.fromEntries(cells(row).filter(control).map((cell) => [control(cell).name, value(cell)]));
}

export function open(row, key) {
  if (!isEditing(row)) {
    const inputs = document.getElementById(`inputs-${row.closest("table").dataset.table}`).content;
    const kept = new Map();
    for (const cell of cells(row)) {
      const made = inputs.querySelector(`[data-key="${cell.dataset.key}"]`)?.cloneNode(true);
      if (!made || !control(made)) continue; // computed: nobody types it
      const text = cell.dataset.value ?? cell.textContent.trim();
      for (const each of made.querySelectorAll("[id]")) each.removeAttribute("id");
      for (const each of made.querySelectorAll("input, select, textarea")) {
        if (each.type === "checkbox") each.checked = text.split(",").includes(each.value);
        else each.value = text;
      }
      kept.set(cell, [...cell.childNodes]);
      cell.replaceChildren(...made.childNodes);
    }
    row.classList.add("editing");
    opened.set(row, { kept, before: JSON.stringify(values(row)) });
  }
  const wanted = cells(row).find((cell) => cell.dataset.key === key && control(cell)) ?? cells(row).find(control);
  focusOn(control(wanted));
}

export function focusOn(input) {
  input?.focus();
  if (input?.matches('input:not([type="checkbox"])')) input.select();
}

export function close(row) {
  for (const [cell, nodes] of opened.get(row)?.kept ?? []) cell.replaceChildren(...nodes);
  opened.delete(row);
  row.classList.remove("editing");
  if (!row.dataset.row) row.remove();
}

export const isDirty = (row) => isEditing(row) && opened.get(row).before !== JSON.stringify(values(row));
