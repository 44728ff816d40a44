// The time left, by the server's clock. The phone's clock is never asked: only how much time has passed since an answer.
const live = document.querySelector("[data-until]");
const POLL = 5000;

let until = Number(live.dataset.until);
let whole = Number(live.dataset.whole);
// The page's own stamp was written before its first byte arrived here.
let known = { server: Number(live.dataset.now), at: performance.getEntriesByType("navigation")[0]?.responseStart ?? 0 };
let said = "";
let asking = false;

const box = live.querySelector(".time");
const left = live.querySelector(".left");
const bar = live.querySelector("progress");
const voice = document.querySelector("[role=status]");

function serverNow() {
  return known.server + (performance.now() - known.at);
}

function clock(seconds) {
  const two = (n) => String(n).padStart(2, "0");
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  return hours ? `${hours}:${two(minutes % 60)}:${two(seconds % 60)}` : `${two(minutes)}:${two(seconds % 60)}`;
}

function say(seconds) {
  const minutes = Math.ceil(seconds / 60);
  const words = minutes === 1 ? live.dataset.one : live.dataset.many.replace("{n}", minutes);
  if (words !== said) voice.textContent = said = words;
}

function draw() {
  const seconds = Math.max(0, Math.ceil((until - serverNow()) / 1000));
  const over = seconds === 0;
  if (over && !live.hidden) ask();
  live.hidden = over;
  document.querySelector("[data-over]").hidden = !over;
  if (over) return;
  left.textContent = clock(seconds);
  bar.value = Math.min(1, (seconds * 1000) / whole);
  box.classList.toggle("ending", seconds <= 60);
  say(seconds);
}

// Asks the server how the claim stands; a change is shown by the server's own page.
async function ask() {
  if (asking || document.hidden) return;
  asking = true;
  const sent = performance.now();
  try {
    const answer = await fetch(`${location.pathname}/state`, { cache: "no-store" });
    if (!answer.ok) return;
    const found = await answer.json();
    const got = performance.now();
    if (found.state !== "in_use") return location.reload();
    // Half the way there and back: the server spoke in between.
    known = { server: found.now, at: (sent + got) / 2 };
    until = found.until;
    draw();
  } catch {
    // No network: what we know still counts down.
  } finally {
    asking = false;
  }
}

draw();
setInterval(draw, 250);
setInterval(ask, POLL);
// Timers sleep in the background, and on some phones so does the time we measure: ask as soon as someone looks.
document.addEventListener("visibilitychange", ask);
window.addEventListener("pageshow", (event) => event.persisted && ask());
window.addEventListener("online", ask);
