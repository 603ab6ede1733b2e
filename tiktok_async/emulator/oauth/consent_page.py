"""The pages that a user sees during the login, as plain HTML without scripts or external assets."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from tiktok_async.emulator.engine.users import EmulatedUser
from tiktok_async.models import Scope

_WORDS = {
    Scope.USER_INFO_BASIC: "Your name and profile picture",
    Scope.USER_INFO_PROFILE: "Your bio, profile link and verification",
    Scope.USER_INFO_STATS: "Your follower, like and video counts",
    Scope.USER_INFO_OPEN_ID: "An id that stands for you in this app",
    Scope.VIDEO_LIST: "Your public videos",
    Scope.VIDEO_PUBLISH: "Post content to your account",
    Scope.VIDEO_UPLOAD: "Send drafts to your inbox",
    Scope.PORTABILITY_ALL_SINGLE: "A copy of all your data, once",
    Scope.PORTABILITY_ALL_ONGOING: "A copy of all your data, again and again",
    Scope.PORTABILITY_POSTSANDPROFILE_SINGLE: "A copy of your posts and profile, once",
    Scope.PORTABILITY_POSTSANDPROFILE_ONGOING: "A copy of your posts and profile, again and again",
    Scope.PORTABILITY_ACTIVITY_SINGLE: "A copy of your activity, once",
    Scope.PORTABILITY_ACTIVITY_ONGOING: "A copy of your activity, again and again",
    Scope.PORTABILITY_DIRECTMESSAGES_SINGLE: "A copy of your direct messages, once",
    Scope.PORTABILITY_DIRECTMESSAGES_ONGOING: "A copy of your direct messages, again and again",
}
# Login Kit adds this scope by default; the page shows it, and the user cannot remove it.
ALWAYS = Scope.USER_INFO_BASIC

_STYLE = """
:root{color-scheme:light dark;--paper:#fff;--back:#f1f1f4;--ink:#161823;--soft:#5f616b;--line:#e2e3e8;--red:#d9204a;
--focus:#1668d6;--tint:#f7f7f9}
@media (prefers-color-scheme:dark){
:root{--paper:#1d1e24;--back:#101116;--ink:#f2f2f5;--soft:#a9abb6;
--line:#34363f;--red:#e8375d;--focus:#78aefc;--tint:#26272e}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:24px 16px;background:var(--back);
color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
main{width:100%;max-width:440px;padding:24px 28px;background:var(--paper);border:1px solid var(--line);
border-radius:16px}
h1{font-size:22px;line-height:1.3;margin:0 0 4px;overflow-wrap:anywhere}
p{margin:0;color:var(--soft);overflow-wrap:anywhere}
.badge{display:inline-block;margin-bottom:12px;padding:2px 10px;border-radius:99px;background:var(--tint);
border:1px solid var(--line);font-size:13px;color:var(--soft)}
fieldset{border:0;margin:20px 0 0;padding:0;min-width:0}
legend{padding:0;margin-bottom:8px;font-weight:600}
.rows{border:1px solid var(--line);border-radius:12px;overflow:hidden}
label{display:flex;gap:12px;align-items:center;padding:8px 14px;line-height:1.35;cursor:pointer;min-width:0}
label+label{border-top:1px solid var(--line)}
label:hover{background:var(--tint)}
label.fixed{cursor:default}
label span{flex:1;min-width:0;overflow-wrap:anywhere}
small{display:block;color:var(--soft);font-size:13px}
input{width:18px;height:18px;margin:0;flex:none;accent-color:var(--red)}
select{width:100%;padding:12px;font:inherit;color:inherit;background:var(--paper);border:1px solid var(--line);
border-radius:12px}
.face{flex:none;width:36px;height:36px;border-radius:50%;display:grid;place-items:center;background:var(--tint);
border:1px solid var(--line);font-weight:600}
.buttons{display:grid;gap:10px;margin-top:20px}
button{font:inherit;font-weight:600;padding:12px;border-radius:10px;cursor:pointer;border:1px solid var(--line);
background:var(--paper);color:var(--ink)}
button.main{background:#d9204a;border-color:#d9204a;color:#fff}
button:hover{filter:brightness(.95)}
:focus-visible{outline:3px solid var(--focus);outline-offset:2px}
footer{margin-top:16px;font-size:13px;color:var(--soft);overflow-wrap:anywhere}
ul{margin:20px 0 0;padding:0;list-style:none}
li{padding:12px 14px;border:1px solid var(--line);border-radius:12px;margin-top:8px;overflow-wrap:anywhere}
code{font:600 14px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
"""

SECURITY_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_MOST_RADIOS = 6


def consent(
    *,
    app: str,
    action: str,
    users: Sequence[EmulatedUser],
    chosen: EmulatedUser,
    scopes: Iterable[str],
    hidden: Mapping[str, str],
    redirect_uri: str,
) -> bytes:
    """Return the page that asks for consent.

    Args:
        app: The app that asks for consent.
        action: The URL that the form is sent to.
        users: The users who can log in.
        chosen: The user who is selected at first.
        scopes: The requested scopes; those that *chosen* is ready to grant start checked.
        hidden: The parameters of the request, kept as hidden fields.
        redirect_uri: The URL that the browser is redirected to afterwards.
    """
    kept = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in hidden.items()
    )
    body = f"""<form method="post" action="{escape(action)}">{kept}
<span class="badge">TikTok emulator</span>
<h1>Log in to {escape(app)}</h1>
<p>The app would like to use your account.</p>
<fieldset><legend>Continue as</legend>{_people(users, chosen)}</fieldset>
<fieldset><legend>It will be able to access</legend><div class="rows">
{"".join(_scope(scope, granted=scope in chosen.scopes) for scope in scopes)}</div></fieldset>
<div class="buttons"><button class="main" name="decision" value="allow">Allow</button>
<button name="decision" value="deny">Deny</button></div>
<footer>You will be sent to {escape(redirect_uri)}</footer></form>"""
    return _page("Log in", body)


def problem(problems: Iterable[tuple[str, str]]) -> bytes:
    """Return the page that TikTok shows instead of redirecting when parameters are bad."""
    rows = "".join(f"<li><code>{escape(name)}</code> {escape(text)}</li>" for name, text in problems)
    return _page(
        "Something went wrong",
        f"""<span class="badge">TikTok emulator</span><h1>Something went wrong</h1>
<p>We couldn't log in with TikTok. This may be due to specific app settings.</p><ul>{rows}</ul>
<footer>If you are the developer, correct these parameters and try again.</footer>""",
    )


def _people(users: Sequence[EmulatedUser], chosen: EmulatedUser) -> str:
    if len(users) > _MOST_RADIOS:
        options = "".join(
            f'<option value="{escape(user.open_id)}"{" selected" if user is chosen else ""}>'
            f"{escape(user.display_name)} (@{escape(user.username)})</option>"
            for user in users
        )
        return f'<select name="user" aria-label="Continue as">{options}</select>'
    return f'<div class="rows">{"".join(_person(user, chosen=user is chosen) for user in users)}</div>'


def _person(user: EmulatedUser, *, chosen: bool) -> str:
    letter = escape(user.display_name[:1].upper() or "?")
    return (
        f'<label><i class="face" aria-hidden="true" style="font-style:normal">{letter}</i>'
        f"<span>{escape(user.display_name)}<small>@{escape(user.username)}</small></span>"
        f'<input type="radio" name="user" value="{escape(user.open_id)}"{" checked" if chosen else ""}></label>'
    )


def _scope(scope: str, *, granted: bool) -> str:
    known = {str(name): text for name, text in _WORDS.items()}
    text = escape(known.get(scope, scope))
    small = f"<small>{escape(scope)}</small>" if scope in known else ""
    if scope == ALWAYS:
        box = '<input type="checkbox" checked disabled>'
        return f'<label class="fixed"><span>{text}<small>{escape(scope)}, always</small></span>{box}</label>'
    box = f'<input type="checkbox" name="grant" value="{escape(scope)}"{" checked" if granted else ""}>'
    return f"<label><span>{text}{small}</span>{box}</label>"


def _page(title: str, body: str) -> bytes:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)} - TikTok emulator</title><style>{_STYLE}</style></head>"
        f"<body><main>{body}</main></body></html>"
    ).encode()
