"""Answers without a network, by aioresponses, with what aiohttp 3.14 requires of a response."""

from collections.abc import Generator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from unittest import mock

from aiohttp import ClientResponse
from aioresponses import aioresponses, core


class _Response(ClientResponse):
    def __init__(self, *arguments: Any, **keywords: Any) -> None:  # noqa: ANN401 - as its base class
        # New in aiohttp 3.14, and required; aioresponses 0.7 does not know of it.
        keywords.setdefault("stream_writer", SimpleNamespace(output_size=0))
        super().__init__(*arguments, **keywords)


@contextmanager
def responses() -> Generator[aioresponses, None, None]:
    """Answer every request of aiohttp's client inside the process; see the fixture `tiktok_responses`."""
    with mock.patch.object(core, "ClientResponse", _Response), aioresponses() as answers:
        yield answers
