"""The page at `/`: the emulator's data, its requests as they arrive, and buttons for faults and time.

The page reads and changes everything with the emulator's own API under `/_emulator/`.
"""

from tiktok_async.emulator.engine.replies import HTML, Reply
from tiktok_async.emulator.engine.routes import Call, RouteDef

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>TikTok emulator</title>
<style>
:root{color-scheme:light dark;--paper:#fff;--back:#f1f1f4;--ink:#161823;--soft:#5f616b;--line:#dcdde3;--red:#d9204a}
@media (prefers-color-scheme:dark){:root{--paper:#1d1e24;--back:#101116;--ink:#f2f2f5;--soft:#a9abb6;--line:#34363f;
--red:#ff5c80}}
*{box-sizing:border-box}
body{margin:0;padding:20px 16px;background:var(--back);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:1180px;margin:0 auto;display:grid;gap:16px;
grid-template-columns:repeat(auto-fit,minmax(min(100%,520px),1fr))}
header{grid-column:1/-1}
h1{font-size:20px;margin:0}
h2{font-size:16px;margin:0 0 8px}
p{margin:4px 0;color:var(--soft)}
section{background:var(--paper);border:1px solid var(--line);border-radius:12px;padding:14px 16px;min-width:0}
.wide{grid-column:1/-1}
.scroll{overflow-x:auto;max-height:420px;overflow-y:auto}
table{border-collapse:collapse;width:100%;font-size:13px}
th,td{text-align:left;padding:4px 10px 4px 0;border-bottom:1px solid var(--line);white-space:nowrap;vertical-align:top}
th{position:sticky;top:0;background:var(--paper)}
.long{flex:1 1 260px}
code{font:13px ui-monospace,Menlo,Consolas,monospace}
form,.row{display:flex;flex-wrap:wrap;gap:8px;align-items:end;margin:0 0 8px}
label{display:grid;gap:2px;font-size:13px;color:var(--soft)}
input,select,button{font:inherit;color:inherit;padding:7px 10px;border:1px solid var(--line);border-radius:8px;
background:var(--paper);min-width:0}
button{cursor:pointer;font-weight:600}
:focus-visible{outline:3px solid #1668d6;outline-offset:1px}
.bad{color:var(--red);font-weight:600}
</style>
<main>
<header><h1>TikTok emulator</h1><p id="where"></p><p id="said" role="status"></p></header>
<section class="wide"><h2>Accounts</h2><div class="scroll"><table id="users"></table></div></section>
<section><h2>Faults</h2>
<form id="fault">
<label>Endpoint<select name="endpoint" id="endpoints"></select></label>
<label>Answer<select name="answer">
<option value="500">500, server error</option><option value="429">429, rate limit</option>
<option value="401">401, token invalid</option><option value="drop-after">no answer after the work</option>
<option value="drop-before">no answer before the work</option></select></label>
<label>Times<input name="times" type="number" min="1" value="1" size="4"></label>
<button>Add the fault</button><button type="button" id="forget">Remove all faults</button>
</form>
</section>
<section><h2>Time</h2><p id="now"></p>
<div class="row"><button data-advance="3600">+1 hour</button><button data-advance="86400">+1 day</button>
<button data-advance="15552000">+180 days</button></div>
<h2>Webhooks</h2><p id="hooks"></p>
<form id="hook">
<label>Event<select name="event" id="events"></select></label>
<label>About<select name="open_id" id="whom"><option value="">nobody</option></select></label>
<label class="long">Content<input name="content" id="content" spellcheck="false"></label>
<button>Send the webhook</button>
</form></section>
<section class="wide"><h2>Posts</h2><div class="scroll"><table id="posts"></table></div></section>
<section class="wide"><h2>Requests, the newest first</h2>
<div class="scroll"><table id="requests"></table></div></section>
</main>
<script>
const at = path => fetch('/_emulator/' + path).then(reply => reply.json())
const say = text => document.getElementById('said').textContent = text
async function change(path, body, method = 'POST') {
  const headers = {'Content-Type': 'application/json'}
  const reply = await fetch('/_emulator/' + path, {
    method, headers, body: method === 'POST' ? JSON.stringify(body) : undefined})
  const answer = await reply.json()
  say(reply.ok ? 'Done.' : answer.error)
  look()
}
function table(id, heads, rows) {
  const made = document.createElement('tbody'), head = made.insertRow()
  for (const text of heads) head.append(Object.assign(document.createElement('th'), {textContent: text}))
  for (const cells of rows) {
    const row = made.insertRow()
    for (const cell of cells) {
      const place = row.insertCell()
      if (cell instanceof Node) place.append(cell); else place.textContent = cell ?? ''
      if (typeof cell === 'number' && cell >= 400) place.className = 'bad'
    }
  }
  document.getElementById(id).replaceChildren(made)
}
function button(text, work) {
  const made = Object.assign(document.createElement('button'), {textContent: text})
  made.addEventListener('click', work)
  return made
}
let busy = false, samples = {}
const sample = () =>
  document.getElementById('content').value = JSON.stringify(samples[document.getElementById('events').value])
async function look() {
  if (busy || document.hidden) return
  busy = true
  try {
    const [all, posts, log] = await Promise.all([at(''), at('posts'), at('requests?last=60')])
    document.getElementById('where').textContent = `${all.url} · app ${all.client_key}`
    document.getElementById('now').textContent = `It is ${all.now} here.`
    document.getElementById('hooks').textContent = all.webhook_url
      ? `They go to ${all.webhook_url}.` : 'They go nowhere: start with --webhook-url URL.'
    if (!document.activeElement.closest('#users'))
      table('users', ['name', 'open_id', 'videos', 'refreshes', ''], all.users.map(user => [
        user.display_name, user.open_id, user.videos, String(all.counters.refreshes[user.open_id] ?? 0),
        button('Disconnect', () => change('revoke', {open_id: user.open_id}))]))
    table('posts', ['publish_id', 'open_id', 'status', 'why', 'post_ids'], posts.posts.map(post => [
      post.publish_id, post.open_id, post.status, post.fail_reason, post.post_ids.join(' ')]))
    table('requests', ['at', 'endpoint', 'status', 'open_id', 'path'], log.requests.reverse().map(one => [
      one.at.slice(11, 19), one.endpoint, one.status, one.open_id, `${one.method} ${one.path}`]))
    const list = document.getElementById('endpoints')
    if (!list.length) for (const name of all.endpoints) list.append(new Option(name))
    samples = all.webhook_samples
    const events = document.getElementById('events'), whom = document.getElementById('whom')
    if (!events.length) {
      for (const name of Object.keys(samples)) events.append(new Option(name))
      sample()
    }
    for (const user of all.users.slice(whom.length - 1)) whom.append(new Option(user.display_name, user.open_id))
  } catch (error) { say('The emulator does not answer.') } finally { busy = false }
}
document.getElementById('fault').addEventListener('submit', event => {
  event.preventDefault()
  const form = Object.fromEntries(new FormData(event.target))
  const body = {endpoint: form.endpoint, times: Number(form.times)}
  if (form.answer.startsWith('drop-')) body.drop = form.answer.slice(5); else body.status = Number(form.answer)
  change('faults', body)
})
document.getElementById('events').addEventListener('change', sample)
document.getElementById('hook').addEventListener('submit', event => {
  event.preventDefault()
  const form = Object.fromEntries(new FormData(event.target)), body = {event: form.event}
  try { body.content = JSON.parse(form.content || '{}') } catch { return say('The content is no JSON.') }
  if (form.open_id) body.open_id = form.open_id
  change('webhooks', body)
})
document.getElementById('forget').addEventListener('click', () => change('faults', null, 'DELETE'))
for (const one of document.querySelectorAll('[data-advance]'))
  one.addEventListener('click', () => change('clock', {advance: Number(one.dataset.advance)}))
look()
setInterval(look, 1000)
</script>
</html>
"""

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
}


def routes() -> list[RouteDef]:
    """Return the route of the page."""
    return [RouteDef(endpoint="dashboard", method="GET", path="/", handler=_page, hidden=True)]


async def _page(call: Call) -> Reply:
    del call
    return Reply(200, _PAGE.encode(), HTML, _HEADERS)
