// Writing an offer: counters, variables at the caret, the phone that follows what is typed, and counts of the audience.
const WAIT = 450;
const units = (text) => text.replace(/\r\n/g, "\n").trim().length; // UTF-16 units, as LINE counts
const format = (n) => new Intl.NumberFormat(document.documentElement.lang).format(n);

function later(act) {
  let timer;
  return () => { clearTimeout(timer); timer = setTimeout(act, WAIT); };
}

// Only the newest answer is shown: an older one that comes late is dropped.
function asker(form, url, show) {
  let asked = 0;
  return async (extra = {}) => {
    const mine = ++asked;
    const body = new FormData(form);
    body.delete("do");
    for (const [name, value] of [...body]) if (value instanceof File) body.delete(name);
    for (const [name, value] of Object.entries(extra)) if (value) body.set(name, value);
    try {
      const answer = await fetch(url, { method: "POST", body, headers: { Accept: "application/json" } });
      if (answer.ok && mine === asked) show(await answer.json());
    } catch { /* away: what is shown stays, the next keystroke asks again */ }
  };
}

function counters(root) {
  for (const place of root.querySelectorAll("[data-counter]")) {
    const field = document.getElementById(place.dataset.counter);
    const words = place.textContent.match(/^(.*?)([\d,]+)(.*)$/s);
    if (!words) continue;
    const say = () => {
      const n = units(field.value);
      place.textContent = words[1] + format(n) + words[3];
      place.classList.toggle("over", n > Number(field.dataset.most));
    };
    field.addEventListener("input", say);
    say();
  }
}

function variables(root) {
  for (const group of root.querySelectorAll(".variables")) group.hidden = false;
  root.addEventListener("click", (event) => {
    const button = event.target.closest("[data-insert]");
    if (!button) return;
    const field = document.getElementById(button.dataset.into);
    field.focus();
    field.setRangeText(button.dataset.insert, field.selectionStart, field.selectionEnd, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
}

function preview(form) {
  const side = form.parentElement.querySelector(".offer-side");
  let person = "";
  const ask = asker(form, form.dataset.preview, (found) => {
    for (const phone of side.querySelectorAll(".phone[data-language]")) {
      const messages = found.messages[phone.dataset.language];
      if (messages) phone.dataset.messages = JSON.stringify(messages);
    }
  });
  const soon = later(() => ask({ person }));
  form.addEventListener("input", soon);
  choose(side.querySelector("[data-people]"), (id) => { person = id; ask({ person }); });
}

function choose(box, chosen) {
  if (!box) return;
  box.hidden = false;
  const field = box.querySelector("input"), list = box.querySelector("ul"), said = box.querySelector(".chosen-person");
  const take = (id, label) => { said.textContent = label; list.replaceChildren(); chosen(id); };
  const look = later(async () => {
    const asked = field.value.trim();
    if (!asked) return take("", said.dataset.nobody);
    const answer = await fetch(`${box.dataset.people}?q=${encodeURIComponent(asked)}`, { headers: { Accept: "application/json" } });
    if (!answer.ok || field.value.trim() !== asked) return;
    list.replaceChildren(...(await answer.json()).people.map((one) => {
      const row = document.createElement("li"), button = document.createElement("button");
      button.type = "button";
      button.className = "tool";
      button.textContent = `${one.name} · ${one.about}`;
      button.addEventListener("click", () => take(String(one.id), button.textContent));
      row.append(button);
      return row;
    }));
  });
  field.addEventListener("input", look);
}

function count(form) {
  const place = document.getElementById("counted");
  const ask = asker(form, form.dataset.count, (found) => { place.innerHTML = found.html; });
  form.addEventListener("input", later(ask));
}

// A button pressed twice sends once; the server would notice anyway.
function once() {
  for (const form of document.querySelectorAll("form[method=post]")) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) return event.preventDefault();
      form.dataset.sent = "yes";
    });
  }
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  });
}

const writing = document.getElementById("writing"), audience = document.getElementById("audience");
if (writing) { counters(writing); variables(writing); preview(writing); }
if (audience) count(audience);
once();
