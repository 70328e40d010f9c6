// “Use not met”: chooses the answer that a probe proposes in the item's own form, which then saves itself with
// whatever is typed there. Without scripts the button sends that form (its name and value come last and win).
document.addEventListener("click", (event) => {
  const button = event.target.closest?.("button[data-proposal]");
  const choice = button?.form?.querySelector(`[name="state"][value="${button.value}"]`);
  if (!choice) return;
  event.preventDefault();
  choice.checked = true;
  choice.dispatchEvent(new Event("change", { bubbles: true }));
  choice.focus();
});
