// A picture that cannot be had leaves its place to what is behind it.
const gone = (image) => image.tagName === "IMG" && image.remove();
addEventListener("error", (event) => gone(event.target), true);
for (const image of document.images) if (image.complete && !image.naturalWidth) gone(image);

// Asks for the events every other second while the page is seen; nothing is held open at the server.
const list = document.getElementById("events");
async function look() {
  if (document.hidden) return;
  const answer = await fetch("/events", { headers: { Accept: "text/html" } }).catch(() => null);
  if (answer && answer.ok) {
    const html = await answer.text();
    if (html !== list.dataset.seen) list.innerHTML = list.dataset.seen = html;
  }
}
if (list) setInterval(look, 2000);
