// What somebody typed and the server does not have yet, kept in this browser: per person and per address of the form,
// with the revision of the answer that it was typed on.
const NOT_CONTENT = new Set(["csrfmiddlewaretoken", "revision"]);

const key = (form) => `draft:${document.body.dataset.user ?? ""}:${new URL(form.action).pathname}`;

export function content(form) {
  return [...new FormData(form)].filter(([name, value]) => !NOT_CONTENT.has(name) && typeof value === "string");
}

export function revision(form) {
  return form.elements.namedItem("revision");
}

export function keep(form) {
  try {
    localStorage.setItem(key(form), JSON.stringify({ revision: revision(form)?.value, fields: content(form) }));
  } catch {
    // Storage full or forbidden: the text is still in the page, and leaving warns.
  }
}

export function forget(form) {
  try {
    localStorage.removeItem(key(form));
  } catch {
    // Nothing was kept.
  }
}

export function kept(form) {
  try {
    return JSON.parse(localStorage.getItem(key(form)));
  } catch {
    return null; // no storage, or not ours
  }
}

export function fill(form, fields) {
  for (const control of form.elements) {
    if (!control.name || NOT_CONTENT.has(control.name) || control.type === "file") continue;
    const values = fields.filter(([name]) => name === control.name).map(([, value]) => value);
    if (control.type === "radio" || control.type === "checkbox") control.checked = values.includes(control.value);
    else if (values.length) control.value = values[0];
  }
}
