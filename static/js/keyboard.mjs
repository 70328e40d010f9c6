// Keys: j/k next and previous item, u next unanswered, Enter opens, ? help, Ctrl/Cmd+K search. Never while typing.
// Items are `[data-item]` elements (tabindex="-1"), with `[data-to-answer]` on the status inside, which each save
// draws anew, where an answer is missing; Enter opens the link `a[data-open]` inside the item.
const mac = /Mac|iPhone|iPad/.test(navigator.platform);

function typing(target) {
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}

function items() {
  return [...document.querySelectorAll("[data-item]")].filter((item) => item.offsetParent !== null);
}

function here(list) {
  return list.findIndex((item) => item.contains(document.activeElement));
}

function go(item) {
  if (!item) return;
  item.focus({ preventScroll: true });
  item.scrollIntoView({ block: "nearest" });
}

function step(list, by) {
  const at = here(list);
  if (at < 0) return by > 0 ? list[0] : list.at(-1);
  return list[at + by];
}

function nextUnanswered(list) {
  const at = here(list);
  const order = [...list.slice(at + 1), ...list.slice(0, at + 1)];
  return order.find((item) => item.querySelector("[data-to-answer]"));
}

function focusSearch() {
  const search = document.getElementById("search");
  if (!search) return;
  const menu = document.querySelector(".menu-toggle");
  if (menu && search.offsetParent === null) menu.open = true;
  search.focus();
  search.select();
}

const KEYS = {
  j: (list) => go(step(list, 1)),
  k: (list) => go(step(list, -1)),
  u: (list) => go(nextUnanswered(list)),
  "?": () => document.getElementById("keyboard-help")?.showModal(),
};

document.addEventListener("keydown", (event) => {
  if ((mac ? event.metaKey : event.ctrlKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k") {
    event.preventDefault();
    focusSearch();
    return;
  }
  if (event.key === "Escape" && typing(event.target)) event.target.blur();
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  if (document.querySelector("dialog[open]")) return;
  if (event.key === "Enter") {
    if (event.target.matches("[data-item]")) event.target.querySelector("a[data-open]")?.click();
    return;
  }
  const act = KEYS[event.key];
  if (!act) return;
  event.preventDefault();
  act(items());
});

if (mac) for (const key of document.querySelectorAll("[data-key-search]")) key.textContent = "⌘K";
