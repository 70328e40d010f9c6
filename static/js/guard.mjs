// Warns before a form[data-guard] is left with something typed that is not saved. Its own buttons do not warn.
let typed = false;
document.addEventListener("input", (event) => {
  if (event.target.closest?.("form[data-guard]")) typed = true;
});
document.addEventListener("submit", () => { typed = false; });
window.addEventListener("beforeunload", (event) => {
  if (typed) event.preventDefault();
});
