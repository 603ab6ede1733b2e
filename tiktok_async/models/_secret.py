"""A string that does not show itself."""

import hmac
from typing import NoReturn, final


@final
class Secret:
    """A secret string: a token, a client secret, an authorization code.

    It has no useful `repr`, `str` or `format`, refuses JSON and pickle, and is equal to another `Secret`
    of the same value by a comparison in constant time. `reveal()` is the only way in.

    Args:
        value: The secret itself; must not be empty.

    Raises:
        TypeError: *value* is not a `str`.
        ValueError: *value* is empty.

    Example:
        >>> token = Secret("act.example")
        >>> print(token)
        Secret('***')
        >>> token.reveal()
        'act.example'
    """

    __slots__ = ("__value",)

    def __init__(self, value: str) -> None:
        # A `None` that became the string "None" is how tokens are lost elsewhere; nothing is converted here.
        if not isinstance(value, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # callers without a checker
            msg = f"a Secret holds a str, not {type(value).__name__}"
            raise TypeError(msg)
        if not value:
            msg = "a Secret must not be empty"
            raise ValueError(msg)
        self.__value = value

    def reveal(self) -> str:
        """Return the secret in clear; keep the result out of logs and messages."""
        return self.__value

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self.__value.encode(), other.__value.encode())

    def __hash__(self) -> int:
        return hash((Secret, self.__value))

    def __repr__(self) -> str:
        return "Secret('***')"

    def __format__(self, format_spec: str) -> str:
        return format(repr(self), format_spec)

    def __copy__(self) -> "Secret":
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> "Secret":
        return self

    def __reduce__(self) -> NoReturn:
        # A pickled exception or job payload is how a token reaches a queue, a cache or a crash report.
        msg = "a Secret does not pickle; store a Token in a TokenStore, or reveal() it on purpose"
        raise TypeError(msg)
