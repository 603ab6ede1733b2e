"""The OAuth side, without a login: refusals, forms, the consent page's address, the clock.

Sources: https://developers.tiktok.com/doc/oauth-error-handling and https://developers.tiktok.com/doc/login-kit-web
"""

from datetime import datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final
from urllib.parse import urlencode

from yarl import URL

from tiktok_async.models import Endpoint
from tiktok_async.models._http import Request, header
from tiktok_async.probe._asking import Asking
from tiktok_async.probe._question import Answer, Question, Step, answered, undecided
from tiktok_async.probe._watch import Seen
from tiktok_async.probe.rules.words import Fact, code_word, key_words, span_word, status_word

_BAD_CODE: Final = Step(Endpoint.TOKEN, 1, "bad_code")
_FORM: Final = "application/x-www-form-urlencoded"
_STATUSES: Final = (200, 400, 401)
_MINUTE: Final = 60.0
_PAGE = Step("authorize page", 2)


async def _exchange(asking: Asking, content_type: str) -> Seen:
    """Ask for a token with a code that does not exist."""
    form = {
        "client_key": asking.session.client_key,
        "client_secret": asking.client_secret.reveal(),
        "grant_type": "authorization_code",
        "code": "no-such-code",
        "redirect_uri": "https://example.com/",
    }
    return await asking.call(Endpoint.TOKEN, body=urlencode(form).encode(), content_type=content_type)


async def _first(asking: Asking) -> tuple[Seen, datetime]:
    return await _exchange(asking, _FORM), asking.clock.now()


async def _refused(asking: Asking) -> Seen:
    return (await asking.once("bad_code", _first))[0]


async def _oauth_status(asking: Asking) -> Answer:
    seen = await _refused(asking)
    facts: dict[str, Fact] = {
        "status": status_word(seen.status),
        "code": code_word(seen.code),
        **key_words(seen.object),
    }
    return answered(str(seen.status) if seen.code and seen.status in _STATUSES else None, **facts)


async def _charset(asking: Asking) -> Answer:
    plain = await _refused(asking)
    seen = await _exchange(asking, f"{_FORM}; charset=utf-8")
    facts: dict[str, Fact] = {"status": status_word(seen.status), "code": code_word(seen.code)}
    if not plain.code or not seen.code or plain.code == "invalid_request":
        return undecided(**facts)
    return answered("accepted" if seen.code == plain.code else "refused", **facts)


async def _slash(asking: Asking) -> Answer:
    request = asking.session.oauth.authorization("https://example.com/callback/", ["user.info.basic"])
    url = URL(request.url)
    without = url.with_path(url.path.rstrip("/")).with_query(url.query)
    seen = await asking.send(Request(method="GET", url=without))
    # If every address gives the same page, the status tells nothing.
    other = await asking.send(Request(method="GET", url=url.with_path("/v2/auth/no-such-page").with_query(url.query)))
    facts = {"status": status_word(seen.status), "control_status": status_word(other.status)}
    if seen.status == HTTPStatus.NOT_FOUND:
        return answered("required", **facts)
    return answered("optional" if seen.status != other.status else None, **facts)


async def _clock(asking: Asking) -> Answer:
    seen, here = await asking.once("bad_code", _first)
    try:
        there = parsedate_to_datetime(header(seen.headers, "date") or "")
        skew = (there - here).total_seconds()
    except (ValueError, TypeError):  # none, or one without a zone
        return undecided()
    return answered("within" if abs(skew) < _MINUTE else "beyond", span=span_word(skew))


async def _retry_after(asking: Asking) -> Answer:
    seen = asking.watch.limited
    if seen is None:
        return undecided()
    return answered("true" if header(seen.headers, "retry-after") else "false", status=status_word(seen.status))


async def _log_id(asking: Asking) -> Answer:
    seen = await _refused(asking)
    return answered("true" if seen.object.get("log_id") else "false" if seen.code else None, **key_words(seen.object))


QUESTIONS: Final = (
    Question(
        id="oauth_error_status",
        asks="HTTP status of OAuth errors",
        silent=True,
        quirk="oauth_error_status",
        sides={"200": "200 was seen", "400": "400 was seen", "401": "401 was seen"},
        assumed="400",
        here="the body decides",
        whose="nobody",
        steps=(_BAD_CODE,),
        ask=_oauth_status,
    ),
    Question(
        id="form_charset",
        asks="A form whose content type has a `charset`",
        silent=True,
        quirk="form_charset",
        sides={"refused": "refused as malformed", "accepted": "taken"},
        assumed="refused",
        here="none is sent",
        whose="nobody",
        steps=(_BAD_CODE, Step(Endpoint.TOKEN)),
        ask=_charset,
    ),
    Question(
        id="oauth_log_id",
        asks="Does an OAuth error have a `log_id`",
        quirk="oauth_log_id",
        sides={"true": "in the body", "false": "not there"},
        assumed="true",
        here="read from the body, else from a header",
        whose="nobody",
        steps=(_BAD_CODE,),
        ask=_log_id,
    ),
    Question(
        id="authorize_slash",
        asks="The consent page's address",
        quirk="authorize_slash",
        sides={"required": "with its last slash", "optional": "without it, and logins work"},
        assumed="optional",
        here="with it",
        whose="nobody",
        steps=(_PAGE,),
        ask=_slash,
    ),
    Question(
        id="clock",
        asks="Is TikTok's clock this machine's",
        silent=True,
        played="`emulator.clock`",
        sides={"within": "within a minute", "beyond": "more than a minute apart"},
        assumed="within",
        line=("models/_tokens.py", "    expires_at: datetime"),
        here="lifetimes count from before the request, by this machine's clock",
        whose="nobody",
        steps=(_BAD_CODE,),
        ask=_clock,
    ),
    Question(
        id="retry_after",
        asks="Is there a `Retry-After`",
        silent=True,
        quirk="retry_after",
        sides={"false": "no", "true": "with a 429"},
        assumed="false",
        here="used where it comes, not needed",
        whose="nobody",
        ask=_retry_after,
    ),
)
