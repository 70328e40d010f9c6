// The keys of a table that is edited row by row: Enter, Tab, Escape and the arrows (table.mjs has the contract).
import { cells, close, control, focusOn, isDirty, isEditing, open } from "./table-row.mjs";

const rowsOf = (row) => [...row.closest("tbody").querySelectorAll("tr[data-row]")];

// The row `by` rows further, in the same column; beyond a new row comes another new one.
function step(row, by, key, { add, commit }) {
  const all = rowsOf(row);
  const next = all[all.indexOf(row) + by];
  if (next) return open(next, key);
  if (by > 0 && !row.dataset.row && isDirty(row)) return add();
  const link = row.querySelector("[data-delete]") ?? row;
  commit(row);
  link.focus?.();
}

function sideways(event, row) {
  const { target, key } = event;
  const text = target.matches('input[type="text"], input[type="url"]');
  const atStart = !text || (target.selectionStart === 0 && target.selectionEnd === 0);
  const atEnd = !text || (target.selectionStart === target.value.length && target.selectionEnd === target.value.length);
  if (!text || (key === "ArrowLeft" ? !atStart : !atEnd)) return;
  const inputs = cells(row).map(control).filter(Boolean);
  const next = inputs[inputs.indexOf(target) + (key === "ArrowLeft" ? -1 : 1)];
  if (!next) return;
  event.preventDefault();
  focusOn(next);
}

function tab(event, row) {
  const inputs = cells(row).flatMap((cell) => [...cell.querySelectorAll("input, select, textarea")]);
  const edge = event.shiftKey ? inputs[0] : inputs.at(-1);
  const all = rowsOf(row);
  const next = all[all.indexOf(row) + (event.shiftKey ? -1 : 1)];
  if (event.target !== edge || !next) return;
  event.preventDefault();
  open(next, event.shiftKey ? cells(next).findLast((cell) => cell.dataset.key)?.dataset.key : undefined);
}

function typing(event, row, acts) {
  const { key, target } = event;
  const column = target.closest("td")?.dataset.key;
  const plain = target.matches('input[type="text"], input[type="url"]');
  if (key === "Escape") {
    event.stopPropagation();
    const last = rowsOf(row).at(-2);
    close(row);
    (row.isConnected ? row : last)?.querySelector("[data-edit]")?.focus();
  } else if (key === "Tab") tab(event, row);
  else if (key === "Enter" && (!target.matches("textarea") || event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    step(row, event.shiftKey ? -1 : 1, column, acts);
  } else if ((key === "ArrowDown" || key === "ArrowUp") && plain) {
    event.preventDefault();
    step(row, key === "ArrowUp" ? -1 : 1, column, acts);
  } else if (key === "ArrowLeft" || key === "ArrowRight") sideways(event, row);
}

function walking(event, row) {
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  event.preventDefault();
  const all = rowsOf(row);
  all[all.indexOf(row) + (event.key === "ArrowUp" ? -1 : 1)]?.querySelector("[data-edit]")?.focus();
}

// `acts` are add() and commit(row) of the table.
export function keys(event, acts) {
  const row = event.target.closest("tr");
  if (event.isComposing || !row) return;
  if (isEditing(row) && event.target.matches("input, select, textarea")) typing(event, row, acts);
  else if (event.target.matches("[data-edit]")) walking(event, row);
}
