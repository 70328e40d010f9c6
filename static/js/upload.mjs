// Files: refuses an empty or too large one before it is sent, takes one by drag and drop, shows how far it is.
//   <form hx-post hx-encoding="multipart/form-data"> ... <div class="dropzone" data-dropzone>
//     <input type="file" data-max-bytes="20971520"> <div class="upload-state" data-upload-state role="status"></div>
const size = (bytes) => (bytes >= 1048576 ? `${(bytes / 1048576).toFixed(1)} MB` : `${Math.ceil(bytes / 1024)} KB`);
const zoneOf = (element) => element.closest?.("[data-dropzone]");
const place = (zone) => zone?.querySelector("[data-upload-state]");

function say(zone, words, tone = "") {
  const where = place(zone);
  if (!where) return;
  where.replaceChildren(Object.assign(document.createElement("span"), { textContent: words, className: tone }));
}

function refusal(input, file) {
  const most = Number(input.dataset.maxBytes);
  if (file.size === 0) return `${file.name} is empty. Choose a file with content.`;
  if (most && file.size > most) return `${file.name} has ${size(file.size)}; at most ${size(most)} fit. Choose a smaller file, or link to it.`;
  return "";
}

function check(input) {
  const zone = zoneOf(input);
  const file = input.files[0];
  if (!file) return say(zone, "");
  const problem = refusal(input, file);
  if (problem) input.value = "";
  say(zone, problem || `${file.name}, ${size(file.size)}`, problem ? "bad" : "muted");
}

document.addEventListener("change", (event) => {
  if (event.target.matches?.('[data-dropzone] input[type="file"]')) check(event.target);
});

function hover(event, over) {
  const zone = zoneOf(event.target);
  if (!zone || !event.dataTransfer?.types.includes("Files")) return null;
  event.preventDefault();
  zone.classList.toggle("is-over", over);
  return zone;
}

document.addEventListener("dragover", (event) => hover(event, true));
document.addEventListener("dragleave", (event) => {
  if (!zoneOf(event.target)?.contains(event.relatedTarget)) hover(event, false);
});
document.addEventListener("drop", (event) => {
  const zone = hover(event, false);
  const input = zone?.querySelector('input[type="file"]');
  if (!input || !event.dataTransfer.files.length) return;
  if (event.dataTransfer.files.length > 1) return say(zone, "One file at a time, please.", "bad");
  input.files = event.dataTransfer.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
});

document.addEventListener("htmx:xhr:progress", (event) => {
  const zone = event.target.querySelector?.("[data-dropzone]");
  const { loaded, total, lengthComputable } = event.detail;
  if (!place(zone) || !lengthComputable || !zone.querySelector("input[type=file]")?.files.length) return;
  let bar = place(zone).querySelector("progress");
  if (!bar) {
    say(zone, "Sending…", "muted");
    bar = Object.assign(document.createElement("progress"), { max: 100 });
    bar.setAttribute("aria-label", "Sent");
    place(zone).append(bar);
  }
  bar.value = Math.round((loaded / total) * 100);
});

document.addEventListener("htmx:afterRequest", (event) => {
  const zone = event.target.querySelector?.("[data-dropzone]");
  if (zone?.isConnected && place(zone)?.querySelector("progress")) {
    say(zone, event.detail.successful ? "Sent." : "Not sent. The file is still chosen: try again.", event.detail.successful ? "muted" : "bad");
  }
});
