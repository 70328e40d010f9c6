// The theme choice in the account menu, and menus on <details>: one open at a time, closed by Escape or a click elsewhere.
const root = document.documentElement;

function chosen() {
  return root.dataset.theme ?? "system";
}

function apply(theme) {
  if (theme === "system") delete root.dataset.theme;
  else root.dataset.theme = theme;
  try {
    if (theme === "system") localStorage.removeItem("theme");
    else localStorage.setItem("theme", theme);
  } catch {
    // Without storage the choice lasts until the next page.
  }
  mark();
}

function mark() {
  for (const input of document.querySelectorAll("[data-theme-choice]")) input.checked = input.value === chosen();
}

document.addEventListener("change", (event) => {
  if (event.target.matches?.("[data-theme-choice]")) apply(event.target.value);
});

window.addEventListener("storage", (event) => {
  if (event.key !== "theme") return;
  if (event.newValue) root.dataset.theme = event.newValue;
  else delete root.dataset.theme;
  mark();
});

function openMenus() {
  return document.querySelectorAll("details.dropdown[open]");
}

document.addEventListener("click", (event) => {
  for (const menu of openMenus()) if (!menu.contains(event.target)) menu.open = false;
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of openMenus()) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

mark();
