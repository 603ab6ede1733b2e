"""Reading TikTok's answers as models, with errors that name the call."""

from typing import Any, TypeVar, cast

from tiktok_async._decoding.converter import DecodeError, structure
from tiktok_async.errors import unexpected_form
from tiktok_async.models import Endpoint
from tiktok_async.models._http import Response

T = TypeVar("T")


def read(response: Response, data: Any, cls: type[T], *, endpoint: Endpoint, open_id: str | None = None) -> T:  # noqa: ANN401 - any JSON value
    """Read *data*, a part of *response*, as a *cls*.

    Raises:
        ServerError: A value has a type that TikTok does not document; the message names its place, never the value.
    """
    try:
        return structure(data, cls)
    except DecodeError as error:
        problem = str(error)
    raise unexpected_form(
        f"the answer is not of the documented form: {problem}",
        log_id=response.log_id,
        status=response.status,
        endpoint=endpoint.path,
        open_id=open_id,
    )


def member(response: Response, name: str) -> Any:  # noqa: ANN401 - any JSON value
    """Return one member of the answer's data; `None` if data is no object or has no such member."""
    data: Any = response.data
    if not isinstance(data, dict):
        return None
    return cast("dict[str, Any]", data).get(name)
