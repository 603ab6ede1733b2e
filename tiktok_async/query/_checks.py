"""Checks of one condition of a Research query: its field, operation and values, with messages for each problem.

Source: https://developers.tiktok.com/doc/research-api-specs-query-videos
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime

__all__ = ["FIELDS", "OPERATIONS", "REGIONS", "problems_of", "username_problem", "wire_value"]

ORDER = ("GT", "GTE", "LT", "LTE")
OPERATIONS = ("EQ", "IN", *ORDER)
_ONE_OF_MANY = "IN"

_CODES = (
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ "
    "CA CD CF CG CH CI CK CL CM CN CO CR CU CV CW CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA "
    "GB GD GE GF GG GH GI GL GM GN GP GQ GR GT GU GW GY HK HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE "
    "KG KH KI KM KN KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT "
    "MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS "
    "RU RW SA SB SC SD SE SG SH SI SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TP TR TT TV "
    "TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW"
)
REGIONS = frozenset(_CODES.split())
"""Every `region_code` that TikTok's page lists."""

_LENGTHS = ("SHORT", "MID", "LONG", "EXTRA_LONG")
_LONGEST_ID = 20  # digits of a 64-bit number
_LONGEST_NAME = 200


def wire_value(value: object) -> str | None:
    """Return *value* as a string, the form that TikTok requires; `None` if it cannot be one."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, datetime):
        return None if value.utcoffset() is None else _digits(value.astimezone(UTC).date())
    if isinstance(value, date):
        return _digits(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return None


def problems_of(field: str, operation: str, values: tuple[object, ...]) -> list[str]:
    """Return messages for all problems with a condition; empty if TikTok accepts it."""
    where = f"{field} {operation}"
    problems: list[str] = []
    check = FIELDS.get(field)
    if check is None:
        problems.append(f"{field!r} is not a field of a query; the fields are {', '.join(FIELDS)}")
    if operation not in OPERATIONS:
        problems.append(f"{field}: {operation!r} is not an operation; the operations are {', '.join(OPERATIONS)}")
    elif operation in ORDER and field in _UNORDERED:
        problems.append(f"{where}: a {field} has no order; use == or in_")
    if not values:
        problems.append(f"{where}: there is no value")
    elif len(values) > 1 and operation != _ONE_OF_MANY:
        problems.append(f"{where}: takes one value, not {len(values)}; use in_ for several")
    for value in values:
        text = wire_value(value)
        if text is None:
            problems.append(f"{where}: {_kind(value)} is not a value of a query")
        elif check is not None and (problem := check(text)) is not None:
            problems.append(f"{where}: {problem}")
    return problems


def username_problem(name: object) -> str | None:
    """Return the problem with a handle, in words; `None` if it could be one."""
    if not isinstance(name, str):
        return f"a username must be a str, not {_kind(name)}"
    if name.startswith("@"):
        return f"{name[:60]!r} begins with @, which is not part of the username"
    if not name or len(name) > _LONGEST_NAME or any(char.isspace() or not char.isprintable() for char in name):
        return f"{name[:60]!r} is not a username, the name in a profile's address"
    if "/" in name or ":" in name:
        return f"{name[:60]!r} is an address; give only the username in it"
    return None


def _date_problem(text: str) -> str | None:
    try:
        if len(text) == len("YYYYMMDD") and _is_number(text):
            date(int(text[:4]), int(text[4:6]), int(text[6:]))
            return None
    except ValueError:
        pass
    return f"{text[:60]!r} is not a day; give a date, or YYYYMMDD"


def _region_problem(text: str) -> str | None:
    if text in REGIONS:
        return None
    hint = f"; it is written {text.upper()}" if text.upper() in REGIONS else ", two capital letters of TikTok's list"
    return f"{text[:60]!r} is not a region_code{hint}"


def _number_problem(text: str) -> str | None:
    if _is_number(text) and len(text) <= _LONGEST_ID:
        return None
    return f"{text[:60]!r} is not a whole number of digits"


def _length_problem(text: str) -> str | None:
    return None if text in _LENGTHS else f"{text[:60]!r} is not a video_length; the lengths are {', '.join(_LENGTHS)}"


def _hashtag_problem(text: str) -> str | None:
    if text.startswith("#"):
        return f"{text[:60]!r} begins with #; leave it out"
    return _word_problem(text)


def _word_problem(text: str) -> str | None:
    return None if text.strip() and "\0" not in text else "the value is empty"


FIELDS: Mapping[str, Callable[[str], str | None]] = {
    "create_date": _date_problem,
    "username": username_problem,
    "region_code": _region_problem,
    "video_id": _number_problem,
    "hashtag_name": _hashtag_problem,
    "keyword": _word_problem,
    "music_id": _number_problem,
    "effect_id": _number_problem,
    "video_length": _length_problem,
    "view_count": _number_problem,
    "comment_count": _number_problem,
}
"""The fields of a query, each with the check of its values."""

_UNORDERED = ("username", "region_code", "hashtag_name", "keyword")


def _digits(day: date) -> str:
    # strftime leaves years before 1000 short.
    return day.isoformat().replace("-", "")


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _kind(value: object) -> str:
    if isinstance(value, datetime):
        return "a datetime without a time zone"
    return "None" if value is None else f"a {type(value).__name__}"
