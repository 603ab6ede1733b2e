"""Questions that one refresh answers: lifetimes, rotation, and what happens to the earlier access token.

Source: https://developers.tiktok.com/doc/oauth-user-access-token-management
"""

from datetime import timedelta
from typing import Any, Final

from attrs import frozen

from tiktok_async.models import Endpoint, Token
from tiktok_async.probe._asking import Asking
from tiktok_async.probe._question import Answer, Level, Question, Step, answered, undecided
from tiktok_async.probe._watch import Seen
from tiktok_async.probe.rules.words import Fact, code_word, key_words, kind_word, life_word, status_word

_REFRESH: Final = Step(Endpoint.TOKEN, 1, "refresh")
# The difference that two equal times may have, and the age from which a token's age can be told from it.
_SLACK, _AGE = timedelta(seconds=30), timedelta(minutes=2)
_HOURS: Final = ("2h", "24h")
_DAYS: Final = ("180d", "365d")


@frozen
class _Rotated:
    """One refresh: the token stored before and after it, and the reply."""

    before: Token
    after: Token
    reply: Seen

    @property
    def given(self) -> dict[str, Any]:
        """The reply's members, in whichever shape it came."""
        return self.reply.object if "access_token" in self.reply.object else self.reply.data


async def _refresh(asking: Asking) -> _Rotated:
    # The library's own refresh, with the account's lease, journal and saves. Nothing else may rotate the token.
    before = await asking.stored()
    after = await asking.session.oauth.refresh(asking.open_id)
    return _Rotated(before, after, asking.watch.last[Endpoint.TOKEN.path])


async def _rotated(asking: Asking) -> _Rotated:
    return await asking.once("refresh", _refresh)


async def _rotation(asking: Asking) -> Answer:
    rotated = await _rotated(asking)
    return answered("none" if rotated.before.refresh_token == rotated.after.refresh_token else "strict")


async def _access_life(asking: Asking) -> Answer:
    life = life_word((await _rotated(asking)).given.get("expires_in"))
    return answered(life if life in _HOURS else None, life=life)


async def _refresh_life(asking: Asking) -> Answer:
    life = life_word((await _rotated(asking)).given.get("refresh_expires_in"))
    return answered(life if life in _DAYS else None, life=life)


async def _restarts(asking: Asking) -> Answer:
    rotated = await _rotated(asking)
    if rotated.after.updated_at - rotated.before.updated_at < _AGE:
        return undecided()
    gained = rotated.after.refresh_expires_at - rotated.before.refresh_expires_at
    return answered("true" if gained > _SLACK else "false" if abs(gained) <= _SLACK else None)


async def _as_text(asking: Asking) -> Answer:
    kind = kind_word((await _rotated(asking)).given.get("refresh_expires_in"))
    return answered({"digits": "true", "integer": "false"}.get(kind), kind=kind)


async def _shape(asking: Asking) -> Answer:
    reply = (await _rotated(asking)).reply
    flat, nested = "access_token" in reply.object, "access_token" in reply.data
    return answered("v2" if flat else "v1" if nested else None, **key_words(reply.object))


async def _ends_access(asking: Asking) -> Answer:
    rotated = await _rotated(asking)
    seen = await asking.call(Endpoint.USER_INFO, fields="open_id", access_token=rotated.before.access_token)
    facts: dict[str, Fact] = {"status": status_word(seen.status), "code": code_word(seen.code)}
    if asking.clock.now() >= rotated.before.expires_at:
        return undecided(**facts)
    return answered("false" if seen.ok else "true" if seen.code == "access_token_invalid" else None, **facts)


def _question(**keywords: Any) -> Question:  # noqa: ANN401 - the keywords of Question
    given: dict[str, Any] = {"steps": (_REFRESH,), **keywords}
    return Question(level=Level.ROTATE, **given)


QUESTIONS: Final = (
    _question(
        id="access_life",
        asks="How long a user's access token lives",
        quirk="access_lifetime",
        sides={"24h": "24 h", "2h": "2 h"},
        assumed="2h",
        here="what each answer says",
        ask=_access_life,
    ),
    _question(
        id="refresh_life",
        asks="How long a refresh token lives",
        quirk="refresh_lifetime",
        sides={"365d": "365 days", "180d": "180 days"},
        assumed="180d",
        here="what each answer says",
        ask=_refresh_life,
    ),
    _question(
        id="rotation",
        asks="Does a refresh token rotate",
        quirk="rotation",
        sides={"none": "the returned one may be the same", "strict": "always, and the old one becomes invalid"},
        assumed="strict",
        here="always replaced, saved before anything else",
        ask=_rotation,
    ),
    _question(
        id="refresh_life_restarts",
        asks="Does the life of a refresh token start again when it rotates",
        silent=True,
        quirk="refresh_lifetime_restarts",
        sides={"true": "it starts again", "false": "the remaining time stays"},
        assumed="true",
        here="what each answer says",
        ask=_restarts,
    ),
    _question(
        id="refresh_life_as_text",
        asks="The type of `refresh_expires_in`",
        quirk="refresh_expires_in_as_text",
        sides={"false": "a number", "true": "a string of digits"},
        assumed="false",
        here="both are read",
        ask=_as_text,
    ),
    _question(
        id="token_reply",
        asks="The token reply",
        quirk="token_reply",
        sides={"v2": "flat, `access_token` at the top", "v1": "in `data`, as in v1 (the get-started page)"},
        assumed="v2",
        here="both are read",
        ask=_shape,
    ),
    _question(
        id="refresh_ends_access",
        asks="Does a refresh end the access token before it",
        silent=True,
        quirk="refresh_ends_access",
        sides={"false": "it stays valid", "true": "it becomes invalid"},
        assumed="false",
        here="the new one is used from the answer on",
        steps=(_REFRESH, Step(Endpoint.USER_INFO)),
        ask=_ends_access,
    ),
)
