// Counts a pause after wrong PINs down by the server's clock, and loads the page anew when it is over.
const pause = document.querySelector("[data-pause]");
const box = pause.querySelector(".clock");
const until = Number(pause.dataset.until);
// The page's own stamp was written before its first byte arrived here.
const known = { server: Number(pause.dataset.now), at: performance.getEntriesByType("navigation")[0]?.responseStart ?? 0 };

function draw() {
  const left = Math.max(0, Math.ceil((until - known.server - performance.now() + known.at) / 1000));
  box.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
  box.hidden = false;
  // The link, not a reload: after a form was sent, a reload would send it again.
  if (left === 0) location.replace(pause.querySelector("a").href);
  else setTimeout(draw, 250);
}

draw();
// Timers sleep while the phone does.
document.addEventListener("visibilitychange", () => document.hidden || location.replace(pause.querySelector("a").href));
