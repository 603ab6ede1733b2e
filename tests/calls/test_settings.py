"""Settings that a session refuses at once: URLs and keys with which every call would fail."""

from typing import Any

import pytest

from tiktok_async import ConfigurationError, TikTokSession


def session(**changes: Any) -> TikTokSession:
    return TikTokSession(**{"client_key": "key", "client_secret": "secret", **changes})


@pytest.mark.parametrize(
    ("address", "right"),
    [
        ("open.tiktokapis.com", "https://open.tiktokapis.com"),
        ("localhost:8080", "https://localhost:8080"),
        ("//open.tiktokapis.com", "https:"),
        ("https:/open.tiktokapis.com", "https://open.tiktokapis.com"),
        ("ftp://open.tiktokapis.com", "https://open.tiktokapis.com"),
        ("https://open.tiktokapis.com/v2", "https://open.tiktokapis.com,"),
        ("https://open.tiktokapis.com/v2/", "https://open.tiktokapis.com,"),
        ("http://127.0.0.1:8080/v2/user/info/", "http://127.0.0.1:8080,"),
        ("https://open.tiktokapis.com?a=1", "https://open.tiktokapis.com,"),
        ("https://open.tiktokapis.com#x", "https://open.tiktokapis.com,"),
        ("https://open.tiktokapis.com\n", "https://open.tiktokapis.com"),
        ("https://user:word@open.tiktokapis.com", "https://open.tiktokapis.com"),
        ("https://[", "https://open.tiktokapis.com"),
        ("https://host:port", "https://open.tiktokapis.com"),
        ("", "https://open.tiktokapis.com"),
        (5, "https://open.tiktokapis.com"),
    ],
)
def test_an_unusable_base_url_is_refused_with_the_right_spelling(address: Any, right: str) -> None:
    with pytest.raises(ConfigurationError, match="base_url") as caught:
        session(base_url=address)
    assert right in str(caught.value)
    assert "user:word" not in str(caught.value)


@pytest.mark.parametrize(
    "address", ["https://open.tiktokapis.com", "https://open.tiktokapis.com/", "http://[::1]:80", "http://gate/tiktok"]
)
def test_a_valid_base_url_is_accepted(address: str) -> None:
    session(base_url=address)


@pytest.mark.parametrize("address", ["www.tiktok.com/v2/auth/authorize/", "https://www.tiktok.com/a b", ""])
def test_an_invalid_authorize_url_is_refused(address: str) -> None:
    with pytest.raises(ConfigurationError, match="authorize_url"):
        session(authorize_url=address)


@pytest.mark.parametrize("name", ["client_key", "client_secret"])
@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("abc\n", "line break"),
        ("abc\r\n", "line break"),
        (" abc", "space"),
        ("a\tc", "printable"),
        ("a\x00", "printable"),
    ],
)
def test_a_key_with_a_line_break_or_space_is_refused_and_not_shown(name: str, value: str, why: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{name} holds a .*{why}|{name} holds a {why}") as caught:
        session(**{name: value})
    assert value not in str(caught.value)
