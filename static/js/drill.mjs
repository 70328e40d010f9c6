// The clock of a drill: ticks on from what the server says, and asks it again every few seconds, so that two devices
// show the same time. When the drill has moved on, the page shows it anew, unless somebody is typing.
const RESYNC = 2000;
const root = document.querySelector("[data-drill]");
const face = document.querySelector("[data-clock]");
const bar = document.querySelector("[data-clock-bar]");
const OPEN = ["ready", "running", "stopped"];

if (root && face && OPEN.includes(root.dataset.drill)) {
  const limit = Number(face.dataset.limitMs) || null;
  let base = Number(face.dataset.elapsedMs);
  // Monotonic: the device's own clock may be moved too. The page itself was on its way for a moment.
  let since = performance.now();
  let leaving = false;

  const words = (ms) => {
    const seconds = Math.floor(ms / 1000);
    const two = (number) => String(number).padStart(2, "0");
    const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
    return hours ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
  };

  const tick = () => {
    if (root.dataset.drill !== "running") return;
    const ms = base + performance.now() - since;
    face.textContent = words(ms);
    if (bar) bar.value = ms;
    if (limit && ms > limit) {
      const card = face.closest(".drill-clock");
      card.classList.remove("tone-info");
      card.classList.add("tone-bad", "is-over");
    }
  };

  const isTyping = () =>
    [...document.querySelectorAll("textarea, input[type=text], input[type=file]")].some(
      (field) => field.value !== field.defaultValue,
    );

  const resync = async () => {
    if (document.hidden || leaving) return;
    const asked = performance.now();
    let now;
    try {
      const answer = await fetch(root.dataset.clockUrl, { headers: { Accept: "application/json" } });
      if (!answer.ok) return;
      now = await answer.json();
    } catch {
      return; // away for a moment: the clock ticks on, and the server is asked again
    }
    if (now.status !== root.dataset.drill) {
      if (isTyping()) document.getElementById("drill-moved").hidden = false;
      else {
        leaving = true;
        location.reload();
      }
      return;
    }
    const got = performance.now();
    base = now.elapsed_ms + (got - asked) / 2;
    since = got;
    tick();
  };

  setInterval(tick, 200);
  setInterval(resync, RESYNC);
  document.addEventListener("visibilitychange", resync);
  resync();
}
