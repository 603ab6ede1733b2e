"""Profiles, listings and the envelope around them.

Sources: https://developers.tiktok.com/doc/tiktok-api-v2-get-user-info and
https://developers.tiktok.com/doc/tiktok-api-v2-video-list
"""

from collections.abc import Mapping
from typing import Any, Final

from attrs import frozen

from tiktok_async.models import Endpoint, Scope, Secret, UserField
from tiktok_async.models._display import USER_FIELD_SCOPES
from tiktok_async.probe._asking import Asking
from tiktok_async.probe._question import Answer, Outcome, Question, Step, answered, undecided
from tiktok_async.probe._watch import Seen
from tiktok_async.probe.rules.words import Fact, code_word, digits_of, key_words, kind_word, one_of, status_word

_NO_TOKEN: Final = Step(Endpoint.USER_INFO, 1, "no_token")
_PROFILE: Final = Step(Endpoint.USER_INFO, 1, "profile")
_LISTING: Final = Step(Endpoint.VIDEO_LIST, 5, "listing")
_LISTED: Final = frozenset({Scope.VIDEO_LIST})
_MESSAGES: Final = ("ok", "ok.")
_PAGES, _PAGE = 4, 3
_OLDEST: Final = 1  # a moment of 1970, before every video
# Since 2001 a time in milliseconds has 13 digits, one in seconds has 10.
_UNITS: Final = {13: "ms", 10: "s"}


def _facts(seen: Seen) -> dict[str, Fact]:
    return {"status": status_word(seen.status), "code": code_word(seen.code), **key_words(seen.object)}


async def _no_token(asking: Asking) -> Seen:
    return await asking.once("no_token", _with_a_bad_token)


async def _with_a_bad_token(asking: Asking) -> Seen:
    return await asking.call(Endpoint.USER_INFO, fields="open_id", access_token=Secret("no-such-token"))


async def _profile(asking: Asking) -> Seen:
    return await asking.once("profile", _whole_profile)


async def _whole_profile(asking: Asking) -> Seen:
    scopes = (await asking.stored()).scopes
    fields = [name for name in UserField if USER_FIELD_SCOPES[name] in scopes]
    return await asking.call(Endpoint.USER_INFO, fields=",".join(fields or [UserField.OPEN_ID]))


async def _bad_token(asking: Asking) -> Answer:
    seen = await _no_token(asking)
    return answered("401" if (seen.status, seen.code) == (401, "access_token_invalid") else "another", **_facts(seen))


async def _error_data(asking: Asking) -> Answer:
    seen = await _no_token(asking)
    if seen.ok:
        return undecided(**_facts(seen))
    data = seen.object.get("data")
    side = "empty" if data == {} else "absent" if "data" not in seen.object else None
    return answered(side, kind=kind_word(data, absent="data" not in seen.object))


async def _log_id(asking: Asking) -> Answer:
    error = (await _no_token(asking)).error
    return answered(next((name for name in ("log_id", "logid") if name in error), None), **key_words(error))


async def _message(asking: Asking) -> Answer:
    seen = await _profile(asking)
    message = seen.error.get("message")
    if not seen.ok or not isinstance(message, str) or message not in ("", *_MESSAGES):
        return undecided(**_facts(seen))
    return answered(next((word for word in _MESSAGES if word == message), ""), kind=kind_word(message))


async def _absent(asking: Asking) -> Answer:
    seen = await _profile(asking)
    user = seen.data.get("user")
    if not seen.ok or not isinstance(user, dict):
        return undecided(**_facts(seen))
    scopes = (await asking.stored()).scopes
    asked = [name for name in UserField if USER_FIELD_SCOPES[name] in scopes]
    values: dict[str, Any] = dict(user.items())  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType, reportUnknownVariableType] - JSON
    missing = any(name not in values for name in asked)
    null = any(values.get(name, "") is None for name in asked)
    return answered("null" if null else "omitted" if missing else None, **key_words(values))


async def _counts(asking: Asking) -> Answer:
    user: Any = (await _profile(asking)).data.get("user")
    kind = kind_word(user.get("follower_count") if isinstance(user, Mapping) else None)  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType] - JSON
    return answered({"integer": "number", "digits": "string"}.get(kind), kind=kind)


async def _required(asking: Asking) -> Answer:
    seen = await asking.call(Endpoint.USER_INFO)
    return answered("false" if seen.ok else "true" if seen.code.startswith("invalid_param") else None, **_facts(seen))


async def _unknown(asking: Asking) -> Answer:
    seen = await asking.call(Endpoint.USER_INFO, fields="open_id,no_such_field")
    return answered(
        "ignored" if seen.ok else "error" if seen.code.startswith("invalid_param") else None, **_facts(seen)
    )


async def _no_scope(asking: Asking) -> Answer:
    scopes = (await asking.stored()).scopes
    lacking = [name for name in (UserField.FOLLOWER_COUNT, UserField.USERNAME) if USER_FIELD_SCOPES[name] not in scopes]
    if not lacking:
        # Only an account that did not grant everything can ask it.
        return Answer(outcome=Outcome.UNDECIDED)
    seen = await asking.call(Endpoint.USER_INFO, fields=lacking[0])
    sides = {"scope_not_authorized": "401", "scope_permission_missed": "400"}
    return answered(sides.get(seen.code), **_facts(seen))


@frozen
class _Listing:
    """The first pages of a listing, each with the cursor of its request, and the page after the end."""

    pages: list[tuple[int, Seen]]
    end: Seen


async def _walk(asking: Asking) -> _Listing:
    pages: list[tuple[int, Seen]] = []
    cursor: Any = 0
    for _ in range(_PAGES):
        seen = await _page(asking, cursor)
        pages.append((cursor, seen))
        cursor = seen.data.get("cursor")
        if not seen.ok or seen.data.get("has_more") is not True or digits_of(cursor) == 0:
            break
    return _Listing(pages, await _page(asking, _OLDEST))


async def _page(asking: Asking, cursor: int) -> Seen:
    body: dict[str, Any] = {"max_count": _PAGE} | ({"cursor": cursor} if cursor else {})
    return await asking.call(Endpoint.VIDEO_LIST, fields="id,create_time,view_count", json=body)


async def _listing(asking: Asking) -> _Listing:
    return await asking.once("listing", _walk)


def _videos(seen: Seen) -> list[dict[str, Any]]:
    videos = seen.data.get("videos")
    return [one for one in videos if isinstance(one, dict)] if isinstance(videos, list) else []  # pyright: ignore[reportUnknownVariableType] - JSON


async def _end(asking: Asking) -> Answer:
    end = (await _listing(asking)).end
    cursor = end.data.get("cursor")
    facts = _facts(end) | {"kind": kind_word(cursor, absent="cursor" not in end.data), "digits": digits_of(cursor)}
    if not end.ok or end.data.get("has_more") is not False:
        return undecided(**facts)
    if "cursor" not in end.data:
        return answered("omitted", **facts)
    return answered("zero" if cursor == 0 else "last", **facts)


async def _stands(asking: Asking) -> Answer:
    pages = (await _listing(asking)).pages
    going = [(asked, seen.data.get("cursor")) for asked, seen in pages if seen.ok and seen.data.get("has_more") is True]
    if not going:
        return undecided(pages=len(pages))
    return answered("true" if any(asked == after for asked, after in going) else "false", pages=len(pages))


async def _short(asking: Asking) -> Answer:
    pages = (await _listing(asking)).pages
    going = [len(_videos(seen)) for _, seen in pages if seen.ok and seen.data.get("has_more") is True]
    stands = any(asked == seen.data.get("cursor") for asked, seen in pages)
    if not going or stands:
        return undecided(pages=len(pages))
    return answered("true" if min(going) < _PAGE else "false", pages=len(pages), items=min(going))


async def _unit(asking: Asking) -> Answer:
    cursors = [seen.data.get("cursor") for _, seen in (await _listing(asking)).pages if _videos(seen)]
    digits = digits_of(cursors[0]) if cursors else 0
    return answered(_UNITS.get(digits), digits=digits)


async def _id_type(asking: Asking) -> Answer:
    ids = [video.get("id") for _, seen in (await _listing(asking)).pages for video in _videos(seen)]
    kind = kind_word(ids[0]) if ids else "absent"
    return answered(
        {"digits": "string", "integer": "number"}.get(kind), kind=kind, digits=digits_of(ids[0] if ids else 0)
    )


async def _query(asking: Asking) -> Answer:
    ids = [video.get("id") for _, seen in (await _listing(asking)).pages for video in _videos(seen)]
    if not ids:
        return undecided()
    seen = await asking.call(Endpoint.VIDEO_QUERY, fields="id", json={"filters": {"video_ids": [str(ids[0])]}})
    if not seen.ok:
        return undecided(**_facts(seen))
    return answered("true" if "cursor" in seen.data or "has_more" in seen.data else "false", **key_words(seen.data))


async def _bad_param(asking: Asking) -> Answer:
    seen = await asking.call(Endpoint.STATUS_FETCH, json={})
    return answered(one_of(seen.code, ("invalid_params", "invalid_param")) if not seen.ok else None, **_facts(seen))


async def _by_upload(asking: Asking) -> Answer:
    scopes = (await asking.stored()).scopes
    if Scope.VIDEO_PUBLISH in scopes:
        # Only an account that granted drafts but not posts can ask it.
        return undecided()
    seen = await asking.call(Endpoint.CREATOR_INFO, json={})
    return answered("true" if seen.ok else "false" if seen.code == "scope_not_authorized" else None, **_facts(seen))


QUESTIONS: Final = (
    Question(
        id="bad_token",
        asks="A token that does not exist",
        silent=True,
        played="`emulator.fail_next(status=, code=)`",
        sides={"401": "401 `access_token_invalid`", "another": "another status or code"},
        assumed="401",
        line=("_error_codes.py", '    "access_token_invalid": ErrorRule('),
        here="the token is refreshed, and the call sent again",
        steps=(_NO_TOKEN,),
        ask=_bad_token,
    ),
    Question(
        id="missing_scope",
        asks="A field without its scope",
        quirk="missing_scope_style",
        sides={"401": "401 `scope_not_authorized`", "400": "400 `scope_permission_missed`"},
        assumed="401",
        here="one error: `ScopeNotAuthorized`",
        steps=(Step(Endpoint.USER_INFO),),
        ask=_no_scope,
    ),
    Question(
        id="bad_param_code",
        asks="A wrong parameter",
        quirk="posting.bad_param_code",
        sides={"invalid_param": "`invalid_param`", "invalid_params": "`invalid_params`"},
        assumed="invalid_params",
        here="one error: `InvalidParams`",
        scopes=frozenset({Scope.VIDEO_UPLOAD}),
        steps=(Step(Endpoint.STATUS_FETCH),),
        ask=_bad_param,
    ),
    Question(
        id="fields_required",
        asks="A profile without `fields`",
        quirk="fields_required",
        sides={"true": "`fields` is required", "false": "left out in the guide of mini games"},
        assumed="true",
        here="always sent",
        steps=(Step(Endpoint.USER_INFO),),
        ask=_required,
    ),
    Question(
        id="unknown_fields",
        asks="A field that does not exist",
        silent=True,
        quirk="unknown_fields",
        sides={"error": "refused", "ignored": "left out"},
        assumed="error",
        here="refused before it is sent",
        steps=(Step(Endpoint.USER_INFO),),
        ask=_unknown,
    ),
    Question(
        id="absent_values",
        asks="A value that the user never set",
        silent=True,
        quirk="absent_values",
        sides={"omitted": "left out", "null": "`null`"},
        assumed="omitted",
        here="`None`",
        steps=(_PROFILE,),
        ask=_absent,
    ),
    Question(
        id="count_type",
        asks="The type of a count",
        silent=True,
        played="`emulator.fail_next(body=)`",
        sides={"number": "a number", "string": "a string of digits"},
        assumed="number",
        line=("models/_display.py", "    follower_count: int"),
        here="both are read",
        scopes=frozenset({Scope.USER_INFO_STATS}),
        steps=(_PROFILE,),
        ask=_counts,
    ),
    Question(
        id="error_data",
        asks="The value of `data` in an error",
        quirk="error_data",
        sides={"empty": "an empty object", "absent": "no `data`"},
        assumed="empty",
        here="not looked at",
        steps=(_NO_TOKEN,),
        ask=_error_data,
    ),
    Question(
        id="log_id_key",
        asks="The key of the log id",
        quirk="log_id_key",
        sides={"log_id": "`log_id`", "logid": "`logid`"},
        assumed="log_id",
        here="both are read",
        steps=(_NO_TOKEN,),
        ask=_log_id,
    ),
    Question(
        id="ok_message",
        asks="`error.message` of a success",
        quirk="ok_message",
        sides={"": "empty", "ok": "`ok`", "ok.": "`ok.`"},
        assumed="",
        here="not looked at",
        steps=(_PROFILE,),
        ask=_message,
    ),
    Question(
        id="end_cursor",
        asks="The cursor after the end of a listing",
        silent=True,
        quirk="end_cursor",
        sides={"last": "the last video's time", "zero": "0", "omitted": "not there"},
        assumed="last",
        here="`has_more` decides",
        scopes=_LISTED,
        steps=(_LISTING,),
        ask=_end,
    ),
    Question(
        id="cursor_stands_still",
        asks="Can a listing repeat its cursor",
        silent=True,
        quirk="cursor_stands_still",
        sides={"false": "each page has a new cursor", "true": "a page may have the cursor of its request"},
        assumed="false",
        here="the page is requested again; then `ListingIncomplete` says that the listing is not complete",
        scopes=_LISTED,
        steps=(_LISTING,),
        ask=_stands,
    ),
    Question(
        id="short_pages",
        asks="Can a page with `has_more` be short",
        silent=True,
        quirk="short_pages",
        sides={"false": "each is as long as asked for", "true": "shorter, or empty"},
        assumed="false",
        here="`has_more` decides",
        scopes=_LISTED,
        steps=(_LISTING,),
        ask=_short,
    ),
    Question(
        id="list_cursor_unit",
        asks="The unit of the listing's cursor",
        silent=True,
        played="`emulator.fail_next(body=)`",
        sides={"ms": "milliseconds", "s": "seconds"},
        assumed="ms",
        line=(
            "api/display.py",
            "    start = _earlier(cursor, None if before is None else round(before.timestamp() * 1000))",
        ),
        here="milliseconds, where a listing begins at a time",
        scopes=_LISTED,
        steps=(_LISTING,),
        ask=_unit,
    ),
    Question(
        id="video_id_type",
        asks="The type of a video's id",
        silent=True,
        played="`emulator.fail_next(body=)`",
        sides={"string": "a string", "number": "a number"},
        assumed="string",
        line=("models/_display.py", "    id: str"),
        here="both are read, as a string",
        scopes=_LISTED,
        steps=(_LISTING,),
        ask=_id_type,
    ),
    Question(
        id="query_has_cursor",
        asks="Does a video query answer with `cursor` and `has_more`",
        quirk="query_has_cursor",
        sides={"true": "its table has them", "false": "its example does not"},
        assumed="false",
        here="not looked at",
        scopes=_LISTED,
        steps=(_LISTING, Step(Endpoint.VIDEO_QUERY)),
        ask=_query,
    ),
    Question(
        id="creator_info_by_upload",
        asks="Is `video.upload` enough for creator info",
        quirk="posting.creator_info_by_upload",
        sides={"true": "one of both scopes", "false": "`video.publish` alone"},
        assumed="true",
        here="asked with either",
        scopes=frozenset({Scope.VIDEO_UPLOAD}),
        steps=(Step(Endpoint.CREATOR_INFO),),
        ask=_by_upload,
    ),
)
