// Reorders the items of [data-section] lists: drag by [data-grip], or Alt with the arrow keys on it. The server moves;
// the outline that it answers replaces this one. Up and down buttons do the same without a script.
let drag = null;

const lists = () => [...document.querySelectorAll("[data-section]")];
const parts = (list) => [...list.querySelectorAll("[data-part]")];

function send(part, list, place, focus) {
  const form = document.getElementById("outline-form");
  const values = { move: `item ${part} ${list.dataset.section} ${place}` };
  htmx.ajax("POST", form.action, { values, source: form, target: "#outline", swap: "outerHTML" }).then(() => {
    document.getElementById(focus)?.focus();
  });
}

document.addEventListener("keydown", (event) => {
  const grip = event.target.closest?.("[data-grip]");
  if (!grip || !event.altKey || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
  event.preventDefault();
  const item = grip.closest("[data-part]");
  const button = document.getElementById(`${event.key === "ArrowUp" ? "up" : "down"}-item-${item.dataset.part}`);
  if (!button || button.disabled) return;
  const [, part, section, place] = button.value.split(" ");
  send(part, document.querySelector(`[data-section="${section}"]`), place, grip.id);
});

// Where the dragged item would land: before the first item whose middle is below the pointer.
function landing(y) {
  const all = lists();
  const list = all.find((each) => y < each.closest("section").getBoundingClientRect().bottom) ?? all.at(-1);
  const others = parts(list).filter((each) => each !== drag.item);
  const before = others.find((each) => {
    const box = each.getBoundingClientRect();
    return y < box.top + box.height / 2;
  });
  return { list, before, place: before ? others.indexOf(before) : others.length };
}

document.addEventListener("pointerdown", (event) => {
  const grip = event.target.closest?.("[data-grip]");
  if (!grip || event.button !== 0) return;
  drag = { item: grip.closest("[data-part]"), grip, moved: false };
  drag.home = { parent: drag.item.parentNode, next: drag.item.nextSibling };
  grip.setPointerCapture(event.pointerId);
});

document.addEventListener("pointermove", (event) => {
  if (!drag) return;
  drag.moved = true;
  drag.item.classList.add("dragged");
  const { list, before } = landing(event.clientY);
  if (before !== drag.item.nextElementSibling || list !== drag.item.parentNode) list.insertBefore(drag.item, before ?? null);
  const edge = 60;
  if (event.clientY < edge) window.scrollBy(0, -12);
  else if (event.clientY > window.innerHeight - edge) window.scrollBy(0, 12);
});

function drop(event) {
  if (!drag) return;
  const { item, grip, home, moved } = drag;
  item.classList.remove("dragged");
  if (moved && event.type === "pointerup") {
    const { list, place } = landing(event.clientY);
    drag = null;
    send(item.dataset.part, list, place, grip.id);
    return;
  }
  home.parent.insertBefore(item, home.next);
  drag = null;
}
document.addEventListener("pointerup", drop);
document.addEventListener("pointercancel", drop);
