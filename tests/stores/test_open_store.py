"""A URL names a store, and never tells its password."""

import os
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path
from typing import Any

import pytest

from tiktok_async import stores
from tiktok_async.errors import ConfigurationError
from tiktok_async.stores import (
    EncryptedTokenStore,
    MemoryTokenStore,
    RedisTokenStore,
    SQLiteTokenStore,
    generate_store_key,
    open_store,
)
from tiktok_async.testing import VirtualClock
from tiktok_async_stores import _open


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
        ("sqlite:///tokens.db", "tokens.db"),
        ("sqlite:////var/lib/a%20b.db", "/var/lib/a b.db"),
        ("sqlite:///:memory:", ":memory:"),
    ],
)
def test_three_slashes_are_relative_and_four_absolute(url: str, path: str) -> None:
    assert repr(SQLiteTokenStore.from_url(url)) == f"<SQLiteTokenStore {path}>"


@pytest.mark.parametrize(
    "url",
    [
        "tokens.db",
        "",
        "nosql://user:canary@host/",
        "sqlite://tokens.db",
        "sqlite:///",
        "redis://:canary@host:notaport/0",
        "redis://:canary@host/0?db=canary",
    ],
)
async def test_a_url_that_cannot_be_used_says_what_can_and_shows_no_password(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        await open_store(url).aclose()
    assert "canary" not in str(caught.value)
    assert "://" in str(caught.value)


class _Elsewhere(MemoryTokenStore):
    """A store of another package."""


def _make(url: str, **options: Any) -> MemoryTokenStore:
    assert url == "maker://host/thing"
    return _Elsewhere(**options)


@pytest.fixture
def plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    def entry(name: str, value: str) -> EntryPoint:
        return EntryPoint(name, value, "tiktok_async.stores")

    entries = EntryPoints([entry("maker", f"{__name__}:_make"), entry("klass", f"{__name__}:_Elsewhere")])

    def entry_points(**selection: Any) -> EntryPoints:
        return entries.select(**selection)

    monkeypatch.setitem(sys.modules, __name__, sys.modules.get(__name__) or _module())
    monkeypatch.setattr(_open, "entry_points", entry_points)


def _module() -> Any:
    import types

    module = types.ModuleType(__name__)
    module.__dict__.update(_make=_make, _Elsewhere=_Elsewhere)
    return module


@pytest.mark.usefixtures("plugins")
@pytest.mark.parametrize("url", ["maker://host/thing", "klass://anything"])
def test_another_package_adds_a_scheme_by_an_entry_point(url: str) -> None:
    assert isinstance(open_store(url), _Elsewhere)


@pytest.mark.usefixtures("plugins")
def test_an_unknown_scheme_lists_the_known_ones() -> None:
    with pytest.raises(
        ConfigurationError, match=r"klass://, maker://, memory://, postgres://, postgresql://, redis://"
    ):
        open_store("mongodb://host/")


def test_the_key_in_the_environment_encrypts_any_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIKTOK_STORE_KEY", f"{generate_store_key()}, {generate_store_key()}")
    assert isinstance(open_store("memory://"), EncryptedTokenStore)


def test_a_key_in_the_environment_that_is_none_is_refused_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIKTOK_STORE_KEY", "canary")
    with pytest.raises(ConfigurationError) as caught:
        open_store("memory://")
    assert "canary" not in str(caught.value)


@pytest.fixture
def without(tmp_path: Path) -> Callable[[str, str], str]:
    """Run a script where one library cannot be imported; return what it prints."""

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
    without: Callable[[str, str], str], library: str, extra: str, name: str, url: str
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
    lines = without(library, script).splitlines()
    assert len(lines) == 2
    assert lines[0] == lines[1] == f'{name} needs an extra: pip install "tiktok-async[{extra}]"'


def test_the_facade_loads_no_library_it_does_not_need() -> None:
    script = (
        "import sys, tiktok_async.stores; print({'redis', 'aiosqlite', 'cryptography', 'aiohttp'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_every_public_name_of_the_facade_is_there() -> None:
    assert stores.__all__ == sorted(stores.__all__)
    for name in stores.__all__:
        assert getattr(stores, name) is not None
    with pytest.raises(AttributeError, match="nothing"):
        stores.nothing  # noqa: B018 - the point of it
