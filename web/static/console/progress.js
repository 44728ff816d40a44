// The progress page looks again by itself, and loads anew when the state changes, for then other buttons are there.
const EVERY = 2000, AWAY = 8000;
const card = document.querySelector("[data-progress]");
const put = (element, text) => { if (element && element.textContent !== text) element.textContent = text; };

function show(found) {
  put(card.querySelector(".progress-say"), found.sentence);
  put(document.querySelector(".offer-say"), found.sentence);
  put(card.querySelector("[data-looked]"), found.looked);
  card.querySelector("progress").value = found.permille;
  for (const fact of found.facts) put(card.querySelector(`[data-fact="${fact.key}"]`), fact.value);
}

// Somebody who has a question open, or is typing a reason, is not interrupted.
const busy = () => document.querySelector("details.once[open]") || document.activeElement?.matches("input, textarea");

async function look() {
  let wait = EVERY;
  try {
    const answer = await fetch(card.dataset.progress, { headers: { Accept: "application/json" } });
    if (answer.redirected || answer.status === 401 || answer.status === 403) return;
    if (!answer.ok) throw new Error(String(answer.status));
    const found = await answer.json();
    show(found);
    if (`${found.state} ${found.unknown}` !== `${card.dataset.state} ${card.dataset.unknown}` && !busy()) return location.reload();
    if (found.over) return;
  } catch { wait = AWAY; }
  setTimeout(look, document.hidden ? AWAY : wait);
}

if (card) setTimeout(look, EVERY);
