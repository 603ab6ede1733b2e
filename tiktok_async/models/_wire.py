"""The base class and field specifiers for models of TikTok's replies.

The converter reads a model's annotations; a field's metadata holds only what these cannot express:

```python
@frozen(kw_only=True)
class Comment(WireModel):
    id: str = identifier()                      # TikTok sends a 64-bit number, we keep a str; required
    text: str | None = None                     # missing and null are None
    likes: int | None = renamed("like_count")   # another name in JSON
    create_time: datetime | None = None         # epoch seconds, aware UTC
    duration: timedelta | None = None           # seconds
    privacy: PrivacyLevel | str | None = None   # an open enum: an unknown word stays a str
    replies: tuple["Reply", ...] = ()           # a list of another model
    post_ids: tuple[str, ...] = identifier(default=())
```
"""

from collections.abc import Mapping
from typing import Any

from attrs import NOTHING, field, frozen

from tiktok_async.models._json import WIRE_ID, WIRE_NAME, JsonModel


@frozen(kw_only=True)
class WireModel(JsonModel):
    """The base of every model that is read from one of TikTok's JSON objects.

    Attributes:
        raw: The JSON object itself, with the fields this library does not know; not part of equality.
    """

    raw: Mapping[str, Any] = field(factory=dict[str, Any], repr=False, eq=False)


def identifier(*, default: Any = NOTHING, name: str | None = None) -> Any:  # noqa: ANN401 - as `attrs.field`
    """Declare an id, or a tuple of ids: a `str` here, for a string or a 64-bit number from TikTok.

    Args:
        default: The value for a missing or null one; without one the field is required.
        name: The JSON key, if it differs from the field's name.
    """
    return field(default=default, metadata={WIRE_ID: True, WIRE_NAME: name})


def renamed(name: str, *, default: Any = None) -> Any:  # noqa: ANN401 - as `attrs.field`
    """Declare a field whose JSON key is *name*.

    Args:
        name: The JSON key.
        default: The value for a missing or null one; `attrs.NOTHING` makes the field required.
    """
    return field(default=default, metadata={WIRE_NAME: name})
