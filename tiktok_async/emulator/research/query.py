"""The server's own parser of a Research query: its errors, and the videos that match.

Source: https://developers.tiktok.com/doc/research-api-specs-query-videos
"""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any, Final, cast

from attrs import frozen

from tiktok_async.emulator.engine import body as _body
from tiktok_async.emulator.engine.body import BadField
from tiktok_async.emulator.research.data import Video

MAX_DAYS: Final = timedelta(days=30)

_CODES: Final = (
    "FR TH MM BD IT NP IQ BR US KW VN AR KZ GB UA TR ID PK NG KH PH EG QA MY ES JO MA SA TW AF EC MX BW JP LT TN "
    "RO LY IL DZ CG GH DE BJ SN SK BY NL LA BE DO TZ LK NI LB IE RS HU PT GP CM HN FI GA BN SG BO GM BG SD TT OM "
    "FO MZ ML UG RE PY GT CI SR AO AZ LR CD HR SV MV GY BH TG SL MK KE MT MG MR PA IS LU HT TM ZM CR NO AL ET GW "
    "AU KR UY JM DK AE MD SE MU SO CO AT GR UZ CL GE PL CA CZ ZA AI VE KG PE CH LV PR NZ TL BT MN FJ SZ VU BF TJ "
    "BA AM TD SI CY MW EE XK ME KY YE LS ZW MC GN BS PF NA VI BB BZ CW PS FM PG BI AD TV GL KM AW TC CV MO VC NE "
    "WS MP DJ RW AG GI GQ AS AX TO KN LC NC LI SS IR SY IM SC VG SB DM KI UM SX GD MH BQ YT ST CF BM SM PW GU HK "
    "IN CK AQ WF JE MQ CN GF MS GG TK FK PM NU MF ER NF VA IO SH BL CU NR TP BV EH PN TF RU"
)
REGIONS: Final = frozenset(_CODES.split())
LENGTHS: Final = ("SHORT", "MID", "LONG", "EXTRA_LONG")

_COMPARISONS: Final[Mapping[str, Callable[[int, int], bool]]] = {
    "GT": lambda left, right: left > right,
    "GTE": lambda left, right: left >= right,
    "LT": lambda left, right: left < right,
    "LTE": lambda left, right: left <= right,
}
_OPERATIONS: Final = ("EQ", "IN", *_COMPARISONS)
_ORDERED: Final = ("create_date", "video_id", "music_id", "effect_id", "video_length", "view_count", "comment_count")
_NUMBERS: Final = ("video_id", "music_id", "effect_id", "view_count", "comment_count")
_FIELDS: Final = (*_ORDERED, "username", "region_code", "hashtag_name", "keyword")
_KEYS: Final[frozenset[str]] = frozenset(("operation", "field_name", "field_values"))


@frozen(slots=True)
class Condition:
    """One valid condition of a query."""

    operation: str
    field: str
    values: tuple[str, ...]

    def holds(self, video: Video) -> bool:
        """Return whether *video* fulfils the condition."""
        compare = _COMPARISONS.get(self.operation)
        if compare is not None:
            right = _rank(self.field, self.values[0])
            return any(compare(left, right) for left in _numbers(video, self.field))
        return any(_equals(video, self.field, value) for value in self.values)


@frozen(slots=True)
class Query:
    """A valid query."""

    all: tuple[Condition, ...]
    any: tuple[Condition, ...]
    none: tuple[Condition, ...]

    def matches(self, video: Video) -> bool:
        """Return whether *video* matches the query."""
        return (
            all(condition.holds(video) for condition in self.all)
            and (not self.any or any(condition.holds(video) for condition in self.any))
            and not any(condition.holds(video) for condition in self.none)
        )


def parse_query(raw: object) -> Query:
    """Return a query as the server understands it.

    Raises:
        BadField: TikTok's page does not allow it; the message says where.
    """
    body = _body.mapping(raw)
    if unknown := set(body) - {"and", "or", "not"}:
        raise BadField(f"query: unknown key {min(unknown)!r}")
    query = Query(_conditions(body, "and"), _conditions(body, "or"), _conditions(body, "not"))
    if not (query.all or query.any or query.none):
        raise BadField("query: at least one of `and`, `or`, `not` must hold a condition")
    return query


def parse_span(body: Mapping[str, Any]) -> tuple[date, date]:
    """Return `start_date` and `end_date`.

    Raises:
        BadField: One is missing or not a date, the end is before the start, or they are more than 30 days apart.
    """
    start = parse_date("start_date", _body.string(body, "start_date", required=True) or "")
    end = parse_date("end_date", _body.string(body, "end_date", required=True) or "")
    if end < start:
        raise BadField("`end_date` is before `start_date`")
    if end - start > MAX_DAYS:
        raise BadField("`end_date` is more than 30 days after `start_date`")
    return start, end


def _conditions(body: Mapping[str, Any], key: str) -> tuple[Condition, ...]:
    if key not in body:
        return ()
    raw = body[key]
    if not isinstance(raw, list):
        raise BadField(f"query.{key} must be a list")
    return tuple(_condition(item, f"query.{key}[{index}]") for index, item in enumerate(cast("list[object]", raw)))


def _condition(raw: object, where: str) -> Condition:
    try:
        return _plain_condition(_body.mapping(raw))
    except BadField as wrong:
        raise BadField(f"{where}: {wrong}") from None


def _plain_condition(body: Mapping[str, Any]) -> Condition:
    if frozenset(body) != _KEYS:
        raise BadField("needs operation, field_name and field_values, and nothing else")
    operation = _body.string(body, "operation") or ""
    field = _body.string(body, "field_name") or ""
    values = _body.strings(body, "field_values")
    _check(operation, field, values)
    return Condition(operation, field, tuple(values))


def _check(operation: str, field: str, values: list[str]) -> None:
    if operation not in _OPERATIONS:
        raise BadField(f"unknown operation {operation!r}")
    if field not in _FIELDS:
        raise BadField(f"unknown field_name {field!r}")
    if operation in _COMPARISONS and field not in _ORDERED:
        raise BadField(f"{field} has no order, so {operation} is not allowed")
    if not values or (operation != "IN" and len(values) != 1):
        raise BadField(f"{operation} does not go with {len(values)} values")
    for value in values:
        _check_value(field, value)


def _check_value(field: str, value: str) -> None:
    if field == "create_date":
        parse_date(field, value)
    elif field in _NUMBERS and not (value.isascii() and value.isdigit()):
        raise BadField(f"{field} takes digits, not {value!r}")
    elif field == "region_code" and value not in REGIONS:
        raise BadField(f"unknown region_code {value!r}")
    elif field == "video_length" and value not in LENGTHS:
        raise BadField(f"unknown video_length {value!r}")
    elif field == "hashtag_name" and value.startswith("#"):
        raise BadField("hashtag_name must be given without #")
    elif not value.strip():
        raise BadField(f"{field} must not be empty")


def parse_date(name: str, text: str) -> date:
    """Return the day of a `YYYYMMDD` text.

    Raises:
        BadField: It is not a date; the message has the *name* of the field.
    """
    problem = BadField(f"{name} must be YYYYMMDD, not {text!r}")
    if len(text) != len("YYYYMMDD") or not (text.isascii() and text.isdigit()):
        raise problem
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        raise problem from None


def _rank(field: str, value: str) -> int:
    return LENGTHS.index(value) if field == "video_length" else int(value)


_NUMBERS_OF: Final[Mapping[str, Callable[[Video], tuple[int, ...]]]] = {
    "create_date": lambda video: (int(video.day.strftime("%Y%m%d")),),
    "video_id": lambda video: (video.id,),
    "music_id": lambda video: (video.music_id,),
    "effect_id": lambda video: tuple(int(effect) for effect in video.effect_ids),
    "video_length": lambda video: (LENGTHS.index(video.length),),
    "view_count": lambda video: (video.view_count,),
    "comment_count": lambda video: (video.comment_count,),
}


def _numbers(video: Video, field: str) -> tuple[int, ...]:
    return _NUMBERS_OF[field](video)


def _equals(video: Video, field: str, value: str) -> bool:
    match field:
        case "username":
            return video.username == value
        case "region_code":
            return video.region_code == value
        case "hashtag_name":
            return value.casefold() in (name.casefold() for name in video.hashtag_names)
        case "keyword":
            return value.casefold() in video.description.casefold()
        case _:
            return _rank(field, value) in _numbers(video, field)
