// Asks for the events every other second while the page is seen; small, and nothing is held open at the server.
const list = document.getElementById("events");
async function look() {
  if (document.hidden) return;
  const answer = await fetch("/events", { headers: { Accept: "text/html" } }).catch(() => null);
  if (answer && answer.ok) {
    const html = await answer.text();
    if (html !== list.dataset.seen) list.innerHTML = list.dataset.seen = html;
  }
}
setInterval(look, 2000);
