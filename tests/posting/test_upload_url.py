"""The bytes of a video are sent to TikTok's upload hosts only, even if an answer names another host."""

import itertools
import socket

import pytest
from yarl import URL

from tiktok_async.api.posting.rules.upload_url import check_upload_url
from tiktok_async.errors import UploadRejected

HOSTS = ("*.tiktokapis.com",)
BASE = URL("https://open.tiktokapis.com")
TAIL = "/video/?upload_id=7601447475849037836&upload_token=secret-0001"

_BAD_HOSTS = [
    "evil.example",
    "tiktokapis.com",
    "tiktokapis.com.evil.example",
    "evil-tiktokapis.com",
    "xtiktokapis.com",
    "open.tiktokapis.com.",
    ".tiktokapis.com",
    "open..tiktokapis.com",
    "-open.tiktokapis.com",
    "open-.tiktokapis.com",
    "*.tiktokapis.com",
    "open_upload.tiktokapis.com",
    "op%65n.tiktokapis.com",
    "open.tiktokapis.com%00.evil.example",
    "open.tiktokapis.com%2eevil.example",
    "open。tiktokapis。com",
    "\uff4fpen.tiktokapis.com",
    "\u043epen.tiktokapis.com",
    "open.tiktokapis.com\u200b",
    "open.tiktokapis.com\t",
    "open.tiktokapis.com\n",
    " open.tiktokapis.com",
    "open.tiktokapis.com\\.evil.example",
    "open.tiktokapis.com\\@evil.example",
    "open.tiktokapis.com@evil.example",
    "user@open.tiktokapis.com",
    "user:word@open.tiktokapis.com",
    "evil.example#.tiktokapis.com",
    "evil.example?.tiktokapis.com",
    "evil.example/.tiktokapis.com",
    "evil.example;.tiktokapis.com",
    "evil.example,open.tiktokapis.com",
    "[open.tiktokapis.com]",
    "",
    "127.0.0.1",
    "127.1",
    "127.0.0.1.nip.io",
    "2130706433",
    "0x7f000001",
    "0x7f.0.0.1",
    "0177.0.0.1",
    "0",
    "0.0.0.0",
    "10.0.0.1",
    "169.254.169.254",
    "192.168.1.1",
    "1.1.1.1",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[fe80::1]",
    "[fd00:ec2::254]",
    "localhost",
    "LOCALHOST",
    "metadata.google.internal",
]
_GOOD_HOST = "open-upload.tiktokapis.com"
_BAD_SCHEMES = ["http", "ftp", "file", "gopher", "javascript", "data", "ws", "wss", "ssh", "https+unix", "", "HTTPS"]
_BAD_PORTS = [":80", ":22", ":6379", ":8443", ":0", ":00443", ":65536", ":-1", ":", ":443x", ":٤٤٣"]
_BAD_SHAPES = [
    "",
    " ",
    "/video/",
    "//" + _GOOD_HOST + TAIL,
    "https:" + _GOOD_HOST + TAIL,
    "https:/" + _GOOD_HOST + TAIL,
    "https:///" + _GOOD_HOST + TAIL,
    "https:\\\\" + _GOOD_HOST + TAIL,
    "https://" + _GOOD_HOST + "/video/\r\nHost: evil.example",
    "https://" + _GOOD_HOST + "/vid eo/",
    "https://" + _GOOD_HOST + "/video/\x00",
    "https://" + _GOOD_HOST + "/video/#fragment",
    "https://" + _GOOD_HOST + "/vidéo/",
    "https://" + _GOOD_HOST + "\\video",
    "https://" + _GOOD_HOST + "/" + "a" * 3_000,
    "\thttps://" + _GOOD_HOST + TAIL,
    "https://" + _GOOD_HOST + TAIL + "\n",
    "blob:https://" + _GOOD_HOST + TAIL,
    "view-source:https://" + _GOOD_HOST + TAIL,
]
HOSTILE = [
    *(
        f"{scheme}://{host}{port}{TAIL}"
        for scheme, host, port in itertools.product(("https", "http"), _BAD_HOSTS, ("", ":443"))
    ),
    *(f"https://{host}{tail}" for host, tail in itertools.product(_BAD_HOSTS, ("", "/"))),
    *(f"{scheme}://{_GOOD_HOST}{TAIL}" for scheme in _BAD_SCHEMES if scheme != "HTTPS"),
    *(f"HTTPS://{host}{TAIL}" for host in _BAD_HOSTS[:3]),
    *(f"https://{_GOOD_HOST}{port}{TAIL}" for port in _BAD_PORTS),
    *_BAD_SHAPES,
]


@pytest.fixture(autouse=True)
def _no_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        pytest.fail("a socket was opened")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)


def test_there_are_hundreds_of_hostile_addresses() -> None:
    assert len(set(HOSTILE)) >= 300


@pytest.mark.parametrize("address", sorted(set(HOSTILE)))
def test_a_hostile_address_is_refused_and_not_repeated(address: str) -> None:
    with pytest.raises(UploadRejected) as caught:
        check_upload_url(address, hosts=HOSTS, base_url=BASE, publish_id="v_pub_file~v2-1.1")
    assert "secret-0001" not in f"{caught.value!r} {caught.value}"
    assert caught.value.publish_id == "v_pub_file~v2-1.1"


@pytest.mark.parametrize(
    "address",
    [
        "https://open-upload.tiktokapis.com/video/?upload_id=1&upload_token=00000000-0000-0000-0000-000000000001",
        "https://upload.us.tiktokapis.com/video/?x=1",
        "https://open-upload-va.tiktokapis.com/upload?upload_id=7601447475849037836&upload_token=a",
        "https://open-upload-i18n.tiktokapis.com:443/upload/?a=b%2Fc&d=@e:f",
        "https://OPEN-UPLOAD.tiktokapis.com/upload",
        "https://open.tiktokapis.com/",
    ],
)
def test_tiktoks_own_upload_urls_are_used_unchanged(address: str) -> None:
    assert str(check_upload_url(address, hosts=HOSTS, base_url=BASE)).lower().rstrip("/") in {
        address.lower().rstrip("/"),
        address.lower().replace(":443", ""),
    }


def test_a_query_stays_as_it_was_encoded() -> None:
    address = "https://open-upload.tiktokapis.com/upload?upload_token=a%2Fb%20c+d~e!f*g"
    assert check_upload_url(address, hosts=HOSTS, base_url=BASE).raw_query_string == "upload_token=a%2Fb%20c+d~e!f*g"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_this_machine_is_reached_only_when_the_api_is_on_it(host: str) -> None:
    address = f"http://{host}:8900/upload?upload_token=secret-0001"
    assert check_upload_url(address, hosts=HOSTS, base_url=URL(f"http://{host}:8900")).port == 8900
    with pytest.raises(UploadRejected):
        check_upload_url(address, hosts=HOSTS, base_url=BASE)


def test_the_apis_own_host_is_allowed_on_its_own_port() -> None:
    base = URL("https://tiktok.proxy.example:8443")
    address = "https://tiktok.proxy.example:{}/upload"
    assert check_upload_url(address.format(8443), hosts=(), base_url=base).port == 8443
    with pytest.raises(UploadRejected):
        check_upload_url(address.format(9443), hosts=(), base_url=base)


@pytest.mark.parametrize("pattern", ["*", "*.", "", "**.tiktokapis.com", "open*.tiktokapis.com", "*tiktokapis.com"])
def test_a_pattern_that_is_too_wide_allows_no_host(pattern: str) -> None:
    with pytest.raises(UploadRejected):
        check_upload_url("https://open.tiktokapis.com/upload", hosts=(pattern,), base_url=URL("https://a.example"))


def test_a_host_name_without_a_star_allows_that_host_alone() -> None:
    hosts = ("upload.example.com",)
    assert check_upload_url("https://upload.example.com/u", hosts=hosts, base_url=BASE).host == "upload.example.com"
    with pytest.raises(UploadRejected):
        check_upload_url("https://sub.upload.example.com/u", hosts=hosts, base_url=BASE)
