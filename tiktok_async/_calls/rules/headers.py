"""Which headers a caller may add to a request."""

import re
from collections.abc import Mapping
from typing import cast

from tiktok_async.models._checks import Checks

# Set by the library: the token, and what says where a request goes and where its body ends.
_OWN = frozenset(
    {
        "authorization",
        "connection",
        "content-length",
        "host",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)

# https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}")
# Visible ASCII with blanks and tabs inside; never a line break, which would begin another header.
_VALUE = re.compile(r"(?:[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?)?")
_LONGEST_VALUE = 8192


def check_headers(checks: Checks, headers: object) -> None:
    """Check the headers that a caller adds to a request; no value is named, since it may be a secret.

    Args:
        checks: Collects what is wrong.
        headers: What was given; `None` for nothing.
    """
    if headers is None:
        return
    if not isinstance(headers, Mapping):
        checks.add(f"headers is of type {type(headers).__name__}, not a mapping of names to values")
        return
    seen: set[str] = set()
    for name, value in cast("Mapping[object, object]", headers).items():
        if not isinstance(name, str) or _NAME.fullmatch(name) is None:
            checks.add("headers has a name that is no name of a header")
            continue
        if name.lower() in _OWN:
            checks.add(f"headers has {name}, which the library sets itself")
        elif name.lower() in seen:
            checks.add(f"headers has {name} twice, since names know no case")
        elif not isinstance(value, str):
            checks.add(f"the header {name} is of type {type(value).__name__}, not a str")
        elif len(value) > _LONGEST_VALUE or _VALUE.fullmatch(value) is None:
            checks.add(f"the header {name} has a value that is not one line of visible ASCII")
        seen.add(name.lower())


def with_callers(own: Mapping[str, str], callers: Mapping[str, str] | None) -> Mapping[str, str]:
    """Return the headers of a request: *own*, and those of the caller, which win.

    Args:
        own: Set by the library.
        callers: Checked before.
    """
    if not callers:
        return own
    chosen = {name.lower() for name in callers}
    return {**{name: value for name, value in own.items() if name.lower() not in chosen}, **callers}
