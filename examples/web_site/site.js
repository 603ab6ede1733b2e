// Remove a picture that cannot be loaded, so that the placeholder behind it is visible.
const gone = (image) => image.tagName === "IMG" && image.remove();
addEventListener("error", (event) => gone(event.target), true);
for (const image of document.images) if (image.complete && !image.naturalWidth) gone(image);

// Ask for the events every two seconds while the page is visible; no connection to the server stays open.
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
