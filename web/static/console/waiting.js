// A page that waits for something asks now and then how far it is, and loads anew when it is over.
const EVERY = 1000, AWAY = 8000;
const box = document.querySelector("[data-waiting]");

async function look() {
  let wait = EVERY;
  try {
    const answer = await fetch(box.dataset.waiting, { headers: { Accept: "application/json" } });
    if (answer.redirected || answer.status === 401 || answer.status === 403) return;
    if (!answer.ok) throw new Error(String(answer.status));
    const found = await answer.json();
    if (found.over) return location.reload();
    box.querySelector("[data-sentence]").textContent = found.sentence;
    const bar = box.querySelector("progress");
    bar.max = found.of;
    bar.value = found.step;
  } catch { wait = AWAY; }
  setTimeout(look, document.hidden ? AWAY : wait);
}

if (box) setTimeout(look, EVERY);
