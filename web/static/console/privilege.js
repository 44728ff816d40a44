// The form of a privilege: the phones follow what is typed, and a picture is kept as soon as it is chosen. Without scripts
// the same form works; then phones show what was saved.
const WAIT = 400;
const form = document.getElementById("privilege");
const file = form.elements.upload, kept = form.querySelector("[name=picture]");
const fault = form.querySelector("[data-picture-fault]"), taken = form.querySelector("[data-picture-taken]");
const drop = form.elements.drop_picture;
let asked = 0, timer;

function body() {
  const found = new FormData(form);
  found.delete("upload");
  return found;
}

async function preview() {
  const mine = ++asked;
  try {
    const answer = await fetch(form.dataset.preview, { method: "POST", body: body(), headers: { Accept: "application/json" } });
    if (!answer.ok || answer.redirected || mine !== asked) return;
    const { messages } = await answer.json();
    for (const phone of document.querySelectorAll(".phone[data-language]")) {
      phone.dataset.messages = JSON.stringify(messages[phone.dataset.language] || []);
    }
  } catch { /* away: the phones stay, the next keystroke asks again */ }
}

function say(sentence) {
  fault.textContent = sentence;
  fault.hidden = !sentence;
  file.setAttribute("aria-invalid", String(Boolean(sentence)));
}

// Sent at once, the picture is seen at once, and stays when another field has to be mended.
async function keep() {
  say("");
  taken.hidden = true;
  if (!file.files.length) return;
  const sent = new FormData();
  sent.set("csrf_token", form.elements.csrf_token.value);
  sent.set("upload", file.files[0]);
  try {
    const answer = await fetch(form.dataset.picture, { method: "POST", body: sent, headers: { Accept: "application/json" } });
    const found = await answer.json();
    if (answer.ok) {
      kept.value = found.picture;
      drop.checked = taken.hidden = drop.closest("label").hidden = false;
      preview();
    } else say(found.fault);
    file.value = "";
  } catch { /* the file goes with the form instead */ }
}

const soon = () => { clearTimeout(timer); timer = setTimeout(preview, WAIT); };
form.addEventListener("input", (event) => { if (event.target !== file) soon(); });
form.addEventListener("change", (event) => (event.target === file ? keep() : soon()));
// A button pressed twice saves once.
form.addEventListener("submit", (event) => {
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
});
addEventListener("pageshow", () => delete form.dataset.sent);
