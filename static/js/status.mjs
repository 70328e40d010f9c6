// The status region: toasts sent by the server (`HX-Trigger: {"toast": {"text", "tone"}}`), its error fragments
// (retargeted to #status), and a message of our own when there is no usable answer at all.
const SHAPES = { ok: "check", warn: "triangle", bad: "stop", info: "info" };
const SECONDS = 6;

function svg(name) {
  const icon = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  icon.setAttribute("class", "icon");
  icon.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${document.body.dataset.icons}#${name}`);
  icon.append(use);
  return icon;
}

function toast(text, tone = "ok") {
  const box = document.createElement("div");
  box.className = `toast tone-${tone}`;
  if (tone === "bad") box.setAttribute("role", "alert");
  const words = document.createElement("div");
  words.className = "toast-text";
  words.append(Object.assign(document.createElement("p"), { textContent: text }));
  const close = Object.assign(document.createElement("button"), { type: "button", className: "toast-close" });
  close.setAttribute("aria-label", "Close this message");
  close.dataset.closeToast = "";
  close.append(svg("x"));
  box.append(svg(SHAPES[tone] ?? "info"), words, close);
  document.getElementById("status").append(box);
  if (tone !== "bad") setTimeout(() => box.remove(), SECONDS * 1000);
}

document.addEventListener("click", (event) => {
  event.target.closest?.("[data-close-toast]")?.closest(".toast").remove();
});

document.addEventListener("toast", (event) => toast(event.detail.text, event.detail.tone));

// Our own error fragments name their place; anything else with an error status (a proxy's page) is never swapped in.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr } = event.detail;
  if (xhr.status >= 400 && xhr.getResponseHeader("HX-Retarget")) {
    event.detail.shouldSwap = true;
  }
});

// A form that saves itself says so beside the field (autosave.mjs), not here.
function speaksForItself(event) {
  return Boolean(event.detail.elt?.closest?.("form[data-autosave]"));
}

document.addEventListener("htmx:responseError", (event) => {
  const { xhr } = event.detail;
  const { status } = xhr;
  if (speaksForItself(event) || xhr.getResponseHeader("HX-Retarget")) return;
  if (status === 413) {
    toast("That is more than the server takes. Send less text or a smaller file.", "bad");
  } else if (status === 429) {
    toast("That was too often in a short time. Wait a minute, then try again.", "bad");
  } else if (status >= 500) {
    toast("Something broke on the server. Nothing you typed is lost: try again in a minute.", "bad");
  } else {
    toast("That did not work. Reload the page and try again.", "bad");
  }
});

// allauth's passkey scripts tell of their errors this way.
document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  const refused = event.detail.exception?.name === "NotAllowedError";
  toast(refused ? "The passkey was not used: you cancelled, or it took too long. Try again." : "Passkeys do not work here. Use another way to sign in.", "bad");
});

document.addEventListener("htmx:sendError", (event) => {
  if (!speaksForItself(event)) toast("The server cannot be reached. Check your connection, then try again.", "bad");
});
