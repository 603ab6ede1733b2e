// The posting page. The server decides its contents with `posting_form`; this script shows them.
const at = (id) => document.getElementById(id);
const form = at("post");
const address = `/post/${form.dataset.draft}`;
const send = at("send");
let asked = 0;

function html(id, text) {
  // Write only changed text, so that a screen reader does not read it again.
  if (at(id).dataset.seen !== text) at(id).innerHTML = at(id).dataset.seen = text;
}

function show(view) {
  for (const [id, control] of Object.entries(view.controls)) {
    at(id).checked = control.on;
    at(id).disabled = !control.enabled;
    at(`${id}-hint`).textContent = control.hint;
  }
  for (const [id, text] of Object.entries(view.html)) html(id, text);
  at("kinds").hidden = !view.disclosed;
  send.setAttribute("aria-disabled", String(!view.ready));
}

function chosen() {
  const sent = { title: at("caption").value };
  for (const input of form.querySelectorAll("input:checked")) sent[input.name] = input.type === "radio" ? input.value : true;
  return sent;
}

async function ask(path, sent) {
  const options = { method: "POST", body: JSON.stringify(sent), headers: { "Content-Type": "application/json" } };
  const answer = await fetch(address + path, sent ? options : {}).catch(() => null);
  return answer && answer.ok ? answer.json() : null;
}

async function choose() {
  const mine = ++asked;
  const view = await ask("/choices", chosen());
  // Ignore an answer if a newer request was sent meanwhile.
  if (view && mine === asked) show(view);
}

let typing;
form.addEventListener("input", (event) => {
  if (event.target === at("file")) return;
  // The next input for the keyboard must be visible at once.
  at("kinds").hidden = !at("disclosed").checked;
  clearTimeout(typing);
  typing = setTimeout(choose, event.target === at("caption") ? 300 : 0);
});

// The file: shown at once, and sent to the site, which checks it.
function take(file) {
  if (!file) return;
  const preview = at("preview");
  URL.revokeObjectURL(preview.src);
  preview.src = URL.createObjectURL(file);
  preview.hidden = false;
  at("choose").textContent = "Choose another video";
  const arrived = at("arrived");
  const request = new XMLHttpRequest();
  arrived.hidden = false;
  arrived.value = 0;
  html("about-file", "Your video is being looked at.");
  request.upload.onprogress = (event) => (arrived.value = event.loaded / event.total);
  request.onload = () => (request.status === 200 ? show(JSON.parse(request.response)) : html("about-file", "This did not work. Choose the video again."));
  request.onerror = () => html("about-file", "The connection broke off. Choose the video again.");
  request.onloadend = () => (arrived.hidden = true);
  asked += 1;
  request.open("PUT", `${address}/file?name=${encodeURIComponent(file.name)}`);
  request.send(file);
}

const drop = at("drop");
at("file").addEventListener("change", () => take(at("file").files[0]));
for (const name of ["dragenter", "dragover", "dragleave", "drop"]) {
  drop.addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.toggle("over", name === "dragenter" || name === "dragover");
    if (name === "drop") take(event.dataTransfer.files[0]);
  });
}

// The post: started by the button, and asked for every second until it is done.
let watching;
function tell(told) {
  clearTimeout(watching);
  const first = at("outcome").hidden;
  form.hidden = true;
  at("outcome").hidden = false;
  at("share").hidden = told.done || told.share === null;
  if (told.share === 1) at("share").removeAttribute("value");
  else at("share").value = told.share || 0;
  html("told", told.html);
  if (first || told.done) at("told").querySelector("h2").focus();
  if (!told.done) watching = setTimeout(watch, 1000);
}

async function watch() {
  const told = await ask("");
  if (told) tell(told);
  else watching = setTimeout(watch, 3000);
}

async function begin() {
  const told = await ask("", chosen());
  if (!told) return;
  if (!told.begun) return choose();
  history.replaceState(null, "", `/post?draft=${form.dataset.draft}`);
  tell(told);
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (send.getAttribute("aria-disabled") === "false") begin();
});
at("told").addEventListener("click", (event) => {
  if (event.target.dataset.do === "again") begin();
  if (event.target.dataset.do !== "back") return;
  at("outcome").hidden = true;
  form.hidden = false;
  send.focus();
});

show(JSON.parse(form.dataset.view));
const told = JSON.parse(form.dataset.told);
if (told.begun) tell(told);
