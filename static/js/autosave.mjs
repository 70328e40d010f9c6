// Answers that save themselves. Contract:
//   <form data-autosave id="answer-x" action="URL" hx-post="URL" hx-trigger="autosave" hx-target="...">
//     a hidden field `revision` (#revision-x); the answer brings a new one out of band, and never the form itself
//     <span class="save-state" data-save-state>  what is going on, in words; the server's words stay if it swaps it
// What is typed is kept in this browser, with the revision it was typed on, until the server has it (drafts.mjs).
// A kept text with an old revision is sent with that old revision, so the server answers 409 and shows both texts
// (components/conflict.html, whose buttons carry data-resolve="mine" or "theirs").
import { content, fill, forget, keep, kept, revision } from "./drafts.mjs";

const WAIT = 700; // ms of silence before text is sent
const RETRY = [2, 5, 10, 20, 40, 60]; // seconds until a failed save is tried again
const states = new WeakMap();

const forms = (root = document) => [...root.querySelectorAll("form[data-autosave]")];
const indicator = (form) =>
  form.querySelector("[data-save-state]") ?? document.querySelector(`[data-save-state="${form.id}"]`);

function state(form) {
  if (!states.has(form)) states.set(form, { dirty: false, sending: null, held: false, tries: 0, timer: 0 });
  return states.get(form);
}

function say(form, kind, words, retry = false) {
  const place = indicator(form);
  if (!place) return;
  place.dataset.state = kind;
  place.textContent = words;
  if (!retry) return;
  const button = Object.assign(document.createElement("button"), { type: "button", className: "linklike" });
  button.textContent = "Try again";
  button.addEventListener("click", () => save(form));
  place.append(" ", button);
}

function plan(form, delay) {
  const now = state(form);
  clearTimeout(now.timer);
  now.timer = setTimeout(() => save(form), delay);
}

function save(form) {
  const now = state(form);
  clearTimeout(now.timer);
  if (now.sending || now.held || !now.dirty || !form.isConnected) return;
  window.htmx.trigger(form, "autosave");
}

function restore(form) {
  const draft = kept(form);
  if (!draft) return;
  if (JSON.stringify(draft.fields) === JSON.stringify(content(form))) return forget(form);
  fill(form, draft.fields);
  if (revision(form)) revision(form).value = draft.revision;
  state(form).dirty = true;
  say(form, "restored", "What you typed before was not saved. It is back, and is being saved now.");
  plan(form, 1500);
}

function changed(event, delay) {
  const form = event.target.form ?? event.target.closest?.("form");
  if (!form?.matches("[data-autosave]") || event.target.type === "file") return;
  state(form).dirty = true;
  keep(form);
  if (state(form).held) return;
  say(form, "dirty", "Not saved yet");
  plan(form, delay);
}

document.addEventListener("input", (event) => changed(event, WAIT));
document.addEventListener("change", (event) => changed(event, 50));
document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-autosave]")) return;
  event.preventDefault();
  state(event.target).dirty = true;
  save(event.target);
});

document.addEventListener("htmx:beforeRequest", ({ detail: { elt, requestConfig } }) => {
  if (!elt.matches?.("form[data-autosave]") || requestConfig.verb !== "post") return;
  state(elt).sending = { fields: JSON.stringify(content(elt)), place: indicator(elt) };
  say(elt, "saving", "Saving…");
});

document.addEventListener("htmx:afterRequest", ({ detail: { elt, xhr, requestConfig } }) => {
  if (!elt.matches?.("form[data-autosave]") || requestConfig.verb !== "post") return;
  const now = state(elt);
  const sent = now.sending;
  now.sending = null;
  if (xhr.status >= 200 && xhr.status < 300) return saved(elt, now, sent);
  keep(elt);
  if (xhr.status === 409 && !xhr.getResponseHeader("HX-Retarget")) {
    now.held = true;
    say(elt, "failed", "Not saved: this changed meanwhile. Choose which text holds.");
  } else if (xhr.status === 401) {
    say(elt, "failed", "Not saved: your session has ended. Your text is kept; sign in again and it comes back.", true);
  } else if (xhr.status === 403 && !xhr.getResponseHeader("HX-Retarget")) {
    // The token of the page is from before a sign-in in another tab.
    say(elt, "failed", "Not saved: this page is too old. Your text is kept; reload the page and it comes back.");
  } else if (xhr.status >= 400 && xhr.status < 500 && xhr.status !== 408 && xhr.status !== 429) {
    say(elt, "failed", xhr.status === 422 ? "Not saved: see what is wrong." : "Not saved. Your text is kept.", xhr.status !== 422);
  } else {
    const seconds = RETRY[Math.min(now.tries++, RETRY.length - 1)];
    say(elt, "failed", `Not saved: the server ${xhr.status ? "had a problem" : "cannot be reached"}. Your text is kept.`, true);
    plan(elt, seconds * 1000);
  }
});

function saved(form, now, sent) {
  now.tries = 0;
  now.dirty = JSON.stringify(content(form)) !== sent?.fields;
  if (now.dirty) {
    keep(form); // typed on while it was on its way: now on the new revision
    return plan(form, WAIT);
  }
  forget(form);
  if (indicator(form) === sent.place) say(form, "saved", "Saved just now");
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-resolve]");
  const form = button && document.getElementById(button.dataset.form);
  if (!form) return;
  button.closest("[data-conflict]")?.remove();
  const now = state(form);
  Object.assign(now, { held: false, dirty: button.dataset.resolve === "mine" });
  if (now.dirty) {
    if (revision(form)) revision(form).value = button.dataset.revision;
    keep(form);
    save(form);
  } else {
    forget(form);
    location.reload();
  }
});

const unsaved = () => forms().filter((form) => state(form).dirty);
window.addEventListener("online", () => unsaved().forEach(save));
document.addEventListener("visibilitychange", () => document.hidden && unsaved().forEach(save));
window.addEventListener("beforeunload", (event) => {
  if (unsaved().length) event.preventDefault();
});
document.addEventListener("htmx:load", ({ detail: { elt } }) => {
  if (elt !== document.body) (elt.matches?.("form[data-autosave]") ? [elt] : forms(elt)).forEach(restore);
});
forms().forEach(restore);
