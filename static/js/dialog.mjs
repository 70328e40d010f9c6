// Dialogs: [data-open-dialog="id"] opens one in place of following its link, [data-close-dialog] closes it, and so
// does a click on the backdrop. Without scripts the link leads to a page that asks the same.
document.addEventListener("click", (event) => {
  const opener = event.target.closest?.("[data-open-dialog]");
  if (opener) {
    const dialog = document.getElementById(opener.dataset.openDialog);
    if (dialog?.showModal) {
      event.preventDefault();
      opener.closest("details.dropdown")?.removeAttribute("open");
      dialog.showModal();
    }
    return;
  }
  if (event.target.closest?.("[data-close-dialog]")) event.target.closest("dialog")?.close();
  // Only the backdrop has the dialog itself as its target: the content covers the rest.
  else if (event.target.matches?.("dialog[open]") && outside(event)) event.target.close();
});

function outside({ target, clientX: x, clientY: y }) {
  const box = target.getBoundingClientRect();
  return x < box.left || x > box.right || y < box.top || y > box.bottom;
}

// A form in a dialog that htmx has sent well closes its dialog.
document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.successful && event.detail.elt.matches?.("dialog form")) event.detail.elt.closest("dialog").close();
});
