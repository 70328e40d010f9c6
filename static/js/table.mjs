// A table that is edited row by row. Contract:
//   <table data-table="slug" data-url="POST here to add a row; one row is saved at URL<id>/save/">
//     <tr data-row="id" data-seen="digest of what is shown"> <td data-key="column" data-value="where the words differ">
//       <a data-edit> in the first cell, <button data-delete>
//   <template id="inputs-slug"> one <div data-key> with the inputs of each column
// The row with the focus has inputs; when the focus leaves it, that row alone is posted, and the answer is the row as
// stored. What could not be saved stays in its inputs. The table is one stop of the Tab key.
import { keys } from "./table-keys.mjs";
import { close, isDirty, isEditing, open, values } from "./table-row.mjs";

const table = document.querySelector("table[data-url]");
const rows = () => [...table.tBodies[0].rows].filter((row) => row.matches("[data-row]"));

async function commit(row) {
  if (!isEditing(row) || row.ariaBusy === "true" || !row.isConnected) return;
  if (!isDirty(row)) return close(row);
  const id = row.dataset.row;
  await send(row, id ? `${table.dataset.url}${id}/save/` : table.dataset.url, { ...values(row), seen: row.dataset.seen ?? "" });
}

async function send(row, url, body) {
  const place = [...table.tBodies[0].rows].indexOf(row);
  row.ariaBusy = "true";
  row.classList.remove("failed", "editing");
  try {
    await window.htmx.ajax("POST", url, { source: row, target: row, swap: "outerHTML", values: body });
  } catch {
    // No connection: the status region says so, and the row stays as it was typed.
  }
  if (row.isConnected) {
    row.ariaBusy = null;
    row.classList.add("failed");
    row.classList.toggle("editing", isEditing(row));
    return;
  }
  rove();
  if (document.activeElement !== document.body) return;
  const now = table.tBodies[0].rows[place];
  now?.querySelector("[data-undo], form button, [data-edit]")?.focus();
}

function add() {
  const row = table.tBodies[0].insertRow();
  row.dataset.row = "";
  for (const head of table.tHead.rows[0].querySelectorAll("[data-key]")) {
    const cell = row.insertCell();
    Object.assign(cell.dataset, { key: head.dataset.key, label: head.textContent.trim() });
  }
  row.insertCell().className = "verdict";
  row.insertCell();
  open(row);
  row.scrollIntoView({ block: "nearest" });
}

// One row at a time can be reached with the Tab key: the one that had the focus last.
function rove(current = table.querySelector("tr[data-row]")) {
  for (const stop of table.querySelectorAll("[data-edit], [data-delete]")) {
    stop.tabIndex = stop.closest("tr") === current ? 0 : -1;
  }
}

function remove(row) {
  if (!row.dataset.row) return close(row);
  const body = { seen: row.dataset.seen };
  if (isEditing(row)) close(row);
  send(row, `${table.dataset.url}${row.dataset.row}/delete/`, body);
}

function clicked(event) {
  const row = event.target.closest("tr");
  if (!row || !table.tBodies[0].contains(row)) return;
  const undo = event.target.closest("[data-undo]");
  const keep = event.target.closest("[data-keep]");
  if (undo) return void send(row, undo.dataset.undo, {});
  if (keep) {
    event.preventDefault();
    if (row.dataset.conflictRow === "new") return row.remove();
    return void window.htmx.ajax("GET", keep.href, { source: row, target: row, swap: "outerHTML" }).then(() => row.isConnected && row.remove());
  }
  if (event.target.closest("[data-delete]")) return remove(row);
  if (!row.matches("[data-row]") || isEditing(row) || event.target.closest("a:not([data-edit])")) return;
  if (event.ctrlKey || event.metaKey || event.shiftKey || !window.getSelection().isCollapsed) return;
  event.preventDefault();
  open(row, event.target.closest("td")?.dataset.key);
}

function pasted(event) {
  const form = document.getElementById("paste-form");
  const text = event.clipboardData?.getData("text/plain") ?? "";
  const place = event.target;
  const elsewhere = place.closest?.("input, select, textarea, [contenteditable]") && !table.contains(place);
  if (!form || elsewhere || place.matches?.("textarea") || !/\t|\n./.test(text.trim())) return;
  event.preventDefault();
  form.elements.text.value = text;
  form.requestSubmit();
}

if (table) {
  rove();
  table.addEventListener("click", clicked);
  table.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-row-form]")) return;
    event.preventDefault();
    send(form.closest("tr"), form.action, Object.fromEntries(new FormData(form)));
  });
  table.addEventListener("keydown", (event) => keys(event, { add, commit }));
  table.addEventListener("focusin", (event) => {
    const row = event.target.closest("tr[data-row]");
    if (row) rove(row);
  });
  table.addEventListener("focusout", (event) => {
    const row = event.target.closest("tr");
    setTimeout(() => row && !row.contains(document.activeElement) && commit(row), 0);
  });
  document.addEventListener("paste", pasted);
  for (const link of document.querySelectorAll("[data-add-row]")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      add();
    });
  }
  window.addEventListener("online", () => rows().filter(isEditing).forEach(commit));
  window.addEventListener("beforeunload", (event) => {
    if (rows().some(isDirty)) event.preventDefault();
  });
}
