"""A URL selects a store, and no error or repr shows its password."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from tiktok_async import stores
from tiktok_async.errors import ConfigurationError
from tiktok_async.models import AccountKey, Secret
from tiktok_async.stores import (
    EncryptedTokenStore,
    MemoryTokenStore,
    RedisTokenStore,
    SQLiteCheckpointStore,
    SQLiteTokenStore,
    SQLiteVideoTable,
    generate_store_key,
    open_checkpoints,
    open_limiter,
    open_store,
)
from tiktok_async.testing import VirtualClock
from tiktok_async_stores._open import REDIS_SCHEMES
from tiktok_async_stores.redis.connect import read_url


@pytest.fixture(autouse=True)
def no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TIKTOK_STORE_KEY", raising=False)


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("memory://", MemoryTokenStore),
        ("sqlite:///tokens.db", SQLiteTokenStore),
        ("sqlite:////var/lib/tokens.db", SQLiteTokenStore),
        ("sqlite:///:memory:", SQLiteTokenStore),
        ("SQLITE:///tokens.db", SQLiteTokenStore),
        ("redis://localhost/0", RedisTokenStore),
        ("rediss://user:pass@example.org:6380/1", RedisTokenStore),
        ("unix:///run/redis.sock?db=2", RedisTokenStore),
        ("redis://:pass@[::1]:6379", RedisTokenStore),
        ("redis://host?", RedisTokenStore),
        ("redis://host/?db=3&socket_timeout=2.5&client_name=web&max_connections=9", RedisTokenStore),
        ("rediss://host/0?ssl_ca_certs=ca.pem&ssl_cert_reqs=required&ssl_check_hostname=true", RedisTokenStore),
        ("redis+sentinel://user:pass@one,two:26380/1?master=main&sentinel_password=pass", RedisTokenStore),
        ("rediss+sentinel://one/?master=main&ssl_ca_certs=ca.pem", RedisTokenStore),
        ("redis+cluster://user:pass@one:7000,two", RedisTokenStore),
        ("rediss+cluster://one/0", RedisTokenStore),
    ],
)
async def test_a_url_names_a_store_and_opens_nothing(url: str, kind: type) -> None:
    store = open_store(url, clock=VirtualClock())
    assert type(store) is kind
    assert "pass" not in repr(store)
    await store.aclose()


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///tokens.db", "{here}/tokens.db"),
        ("sqlite:///../tokens.db", "{parent}/tokens.db"),
        ("sqlite:////var/lib/a%20b.db", "/var/lib/a b.db"),
        ("sqlite:////var/lib/what%3F.db", "/var/lib/what?.db"),
        ("sqlite:///:memory:", ":memory:"),
    ],
)
def test_three_slashes_are_relative_and_four_absolute(url: str, path: str) -> None:
    expected = path.format(here=Path.cwd(), parent=Path.cwd().parent)
    assert repr(SQLiteTokenStore.from_url(url)) == f"<SQLiteTokenStore {expected}>"


@pytest.mark.parametrize(
    "make",
    [
        lambda: open_store("sqlite:///here.db"),
        lambda: open_checkpoints("sqlite:///here.db"),
        lambda: SQLiteTokenStore("here.db"),
        lambda: SQLiteCheckpointStore("here.db"),
    ],
)
async def test_a_relative_path_is_resolved_when_the_store_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[], Any]
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    monkeypatch.chdir(first)
    store = make()
    monkeypatch.chdir(second)
    assert await store.get(AccountKey("app", "one")) is None
    await store.aclose()
    assert [path.name for path in first.iterdir()] == ["here.db"]
    assert list(second.iterdir()) == []


async def test_a_relative_path_of_a_video_table_is_resolved_when_it_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    table = SQLiteVideoTable("videos.db")
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert await table.counts() == (0, 0)
    await table.aclose()
    assert (tmp_path / "videos.db").is_file()


REFUSED_FORMS = [
    # Characters that no URL may hold, plain or encoded, with any scheme.
    "{scheme}://{rest}\n",
    " {scheme}://{rest}",
    "{scheme}://{rest}\x00",
    "{scheme}://{rest}%00",
    "{scheme}://{rest}%0A",
    "{scheme}://{rest}\ud800",
    "{scheme}://{rest}%",
    "{scheme}://{rest}%zz",
    "{scheme}://{rest}#canary",
    # Options that do not exist.
    "{scheme}://{rest}?timeout=canary",
    "{scheme}://{rest}?",
]
SERVERS = [
    ("redis", ":canary@host/0"),
    ("rediss", "user:canary@host:6380/1"),
    ("redis+sentinel", ":canary@one,two:26380/0"),
    ("redis+cluster", ":canary@one,[::1]:7001"),
    ("sqlite", "/tokens.db"),
]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "tokens.db",
        "://",
        "1redis://:canary@host",
        "nosql://user:canary@host/",
        "memory://canary",
        "memory://?x=canary",
        "sqlite://tokens.db",
        "sqlite:///",
        "sqlite:tokens.db",
        *(
            form.format(scheme=scheme, rest=rest)
            for form in REFUSED_FORMS
            for scheme, rest in SERVERS
            # One form is allowed: an empty query.
            if not (form.endswith("?") and scheme != "sqlite")
        ),
        "redis://:canary@host:notaport/0",
        "redis://:canary@host:0/0",
        "redis://:canary@host:65536/0",
        "redis://:canary@host:٣/0",
        "redis://:canary@host:/0",
        "redis://:canary@:6379/0",
        "redis://:canary@host,other/0",
        "redis://:can[ary@host/0",
        "redis://:can]ary@host/0",
        "redis://:can/ary@host/0",
        "redis://:can?ary@host/0",
        "redis://:can#ary@host/0",
        "redis://:can%ary@host/0",
        "redis://:canary%FF@host/0",
        "redis://[::1/0",
        "redis://:canary@host/tokens",
        "redis://:canary@host/-1",
        "redis://:canary@host/1/2",
        "redis://:canary@host/\u0661",
        "redis://:canary@host/0?db=canary",
        "redis://:canary@host/1?db=2",
        "redis://:canary@host/0?db=1&db=1",
        "redis://:canary@host/0?client_name",
        "redis://:canary@host/0?socket_timeout=canary",
        "redis://:canary@host/0?socket_timeout=0",
        "redis://:canary@host/0?socket_timeout=inf",
        "redis://:canary@host/0?max_connections=-1",
        "redis://:canary@host/0?decode_responses=true",
        "redis://:canary@host/0?ssl_ca_certs=canary.pem",
        "redis://:canary@host/0?master=canary",
        "rediss://:canary@host/0?ssl_cert_reqs=canary",
        "rediss://:canary@host/0?ssl_check_hostname=canary",
        "unix://host/run/redis.sock",
        "unix://:canary@",
        "redis+sentinel://:canary@one/0",
        "redis+sentinel:///0?master=name",
        "redis+cluster://:canary@one/1",
        "redis+cluster://",
    ],
)
def test_an_invalid_url_is_refused_and_its_password_is_not_shown(url: str) -> None:
    openers: list[Callable[[str], Any]] = [open_store, open_checkpoints, open_limiter]
    for open_url in openers:
        with pytest.raises(ConfigurationError) as caught:
            open_url(url)
        assert "canary" not in str(caught.value)
        str(caught.value).encode()


@pytest.mark.parametrize("open_url", [open_store, open_checkpoints, open_limiter])
@pytest.mark.parametrize("url", [None, 5, b"memory://", Path("tokens.db")])
def test_a_url_that_is_not_text_is_refused(open_url: Callable[[Any], Any], url: object) -> None:
    with pytest.raises(ConfigurationError, match="is text, not"):
        open_url(url)


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("sqlite:///tokens.db\n", "line break"),
        ("sqlite:///tokens.db?timeout=30", "%3F"),
        ("sqlite:///a#b.db", "%23"),
        ("redis://:a[b@host/0", "%5B"),
        ("redis://:a/b@host/0", "%2F"),
        ("redis://host/tokens", "prefix"),
        ("redis://host/0?timeout=30", "perhaps socket_timeout"),
        ("redis://one,two/0", "redis+sentinel://"),
        ("redis+sentinel://one/0", "master=NAME"),
    ],
)
def test_the_error_for_an_invalid_url_suggests_the_right_form(url: str, hint: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        open_store(url)
    assert hint in str(caught.value)


@pytest.mark.parametrize("url", ["local://host", "none://?share=1", "memory://", "sqlite:///limits.db"])
def test_a_limiters_url_with_an_ignored_part_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError):
        open_limiter(url)


PASSWORDS = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=20)


@given(user=PASSWORDS, password=PASSWORDS, host=st.sampled_from(["h", "::1", "a.b"]), database=st.integers(0, 99))
def test_any_percent_encoded_name_and_password_are_read_unchanged(
    user: str, password: str, host: str, database: int
) -> None:
    where = f"[{host}]" if ":" in host else host
    url = f"redis://{quote(user, safe='')}:{quote(password, safe='')}@{where}:7000/{database}?client_name=x%26y"
    parts = read_url(url)
    assert parts.password is not None
    assert (parts.username, parts.password.reveal()) == (user, password)
    assert (parts.hosts, parts.path, parts.options) == (((host, 7000),), f"/{database}", {"client_name": "x&y"})
    assert repr(parts) == repr(evolve(parts, password=Secret("another"))), "the repr does not depend on the password"


@given(url=st.text(max_size=40) | st.builds("{}://{}".format, st.sampled_from(sorted(REDIS_SCHEMES)), st.text()))
def test_any_text_raises_configuration_error_or_nothing(url: str) -> None:
    for open_url in (open_store, open_checkpoints, open_limiter):
        with contextlib.suppress(ConfigurationError):
            open_url(url)


class _PluginStore(MemoryTokenStore):
    """A store of another package."""


def _make(url: str, **options: Any) -> MemoryTokenStore:
    assert url == "maker://host/thing"
    return _PluginStore(**options)


@pytest.fixture
def plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    def entry(name: str, value: str) -> EntryPoint:
        return EntryPoint(name, value, "tiktok_async.stores")

    entries = EntryPoints([entry("maker", f"{__name__}:_make"), entry("klass", f"{__name__}:_PluginStore")])

    def entry_points(**selection: Any) -> EntryPoints:
        return entries.select(**selection)

    monkeypatch.setitem(sys.modules, __name__, sys.modules.get(__name__) or _module())
    monkeypatch.setattr("importlib.metadata.entry_points", entry_points)


def _module() -> Any:
    import types

    module = types.ModuleType(__name__)
    module.__dict__.update(_make=_make, _PluginStore=_PluginStore)
    return module


@pytest.mark.usefixtures("plugins")
@pytest.mark.parametrize("url", ["maker://host/thing", "klass://anything"])
def test_another_package_adds_a_scheme_by_an_entry_point(url: str) -> None:
    assert isinstance(open_store(url), _PluginStore)


@pytest.mark.usefixtures("plugins")
def test_an_unknown_scheme_lists_the_known_ones() -> None:
    with pytest.raises(
        ConfigurationError, match=r"klass://, maker://, memory://, postgres://, postgresql://, redis://"
    ):
        open_store("mongodb://host/")


def test_the_key_in_the_environment_encrypts_any_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIKTOK_STORE_KEY", f"{generate_store_key()}, {generate_store_key()}")
    assert isinstance(open_store("memory://"), EncryptedTokenStore)


def test_an_invalid_key_in_the_environment_is_refused_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIKTOK_STORE_KEY", "canary")
    with pytest.raises(ConfigurationError) as caught:
        open_store("memory://")
    assert "canary" not in str(caught.value)


@pytest.fixture
def run_without(tmp_path: Path) -> Callable[[str, str], str]:
    """Return a function that runs a script while one library cannot be imported, and returns its output."""

    def run(library: str, script: str) -> str:
        (tmp_path / "script.py").write_text(f"import sys\nsys.modules[{library!r}] = None\n{script}")
        environment = {name: value for name, value in os.environ.items() if name != "TIKTOK_STORE_KEY"}
        done = subprocess.run(
            [sys.executable, str(tmp_path / "script.py")], capture_output=True, text=True, check=True, env=environment
        )
        return done.stdout

    return run


@pytest.mark.parametrize(
    ("library", "extra", "name", "url"),
    [
        ("redis", "redis", "RedisTokenStore", "redis://:canary@localhost"),
        ("cryptography", "crypto", "EncryptedTokenStore", "memory://"),
    ],
)
def test_a_missing_extra_is_named(
    run_without: Callable[[str, str], str], library: str, extra: str, name: str, url: str
) -> None:
    script = f"""
import os
from tiktok_async import stores
from tiktok_async.errors import ConfigurationError
try:
    stores.{name}
except ImportError as error:
    print(error)
os.environ["TIKTOK_STORE_KEY"] = "x"
try:
    stores.open_store({url!r})
except ConfigurationError as error:
    print(error)
"""
    lines = run_without(library, script).splitlines()
    assert len(lines) == 2
    assert lines[0] == lines[1] == f'{name} needs an extra: pip install "tiktok-async[{extra}]"'


def test_the_facade_loads_no_library_it_does_not_need() -> None:
    script = (
        "import sys, tiktok_async.stores; print({'redis', 'aiosqlite', 'cryptography', 'aiohttp'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_every_public_name_of_the_facade_exists() -> None:
    assert stores.__all__ == sorted(stores.__all__)
    for name in stores.__all__:
        assert getattr(stores, name) is not None
    with pytest.raises(AttributeError, match="nothing"):
        stores.nothing  # noqa: B018 - the access must raise
