"""Folders of a user who has no home folder, as in many containers."""

import pwd
from pathlib import Path
from typing import NoReturn

import pytest

from tests.cli.conftest import Shell
from tiktok_async._files import absolute_path
from tiktok_async.cli._folders import data_folder, state_folder
from tiktok_async.errors import ConfigurationError


@pytest.mark.parametrize("command", [("accounts",), ("agents", "list")])
async def test_with_a_home_folder_that_is_a_file_the_error_says_what_to_set(
    shell: Shell, tmp_path: Path, command: tuple[str, ...]
) -> None:
    if command == ("accounts",):
        shell.environment_without("TIKTOK_TOKEN_STORE")
    file = tmp_path / "a file"
    file.touch()
    done = await shell.run(*command, HOME=str(file))
    assert done.code == 2
    assert "XDG_DATA_HOME" in done.err
    assert ("TIKTOK_TOKEN_STORE" if command == ("accounts",) else "TIKTOK_AGENTS_RECORD") in done.err
    assert "Traceback" not in done.err


def test_a_user_whom_the_system_does_not_know_has_no_folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def unknown(uid: int) -> NoReturn:
        raise KeyError(uid)

    monkeypatch.chdir(tmp_path)
    for name in ("HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    with pytest.raises(ConfigurationError, match=r"no home folder\. Set HOME or XDG_DATA_HOME .*, or name a store"):
        data_folder(instead="name a store")
    with pytest.raises(ConfigurationError, match=r"no home folder\. Set HOME or XDG_STATE_HOME"):
        state_folder()
    assert list(tmp_path.iterdir()) == []


def test_the_path_of_an_unknown_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert absolute_path("~/tokens.db") == tmp_path / "tokens.db"
    with pytest.raises(ConfigurationError, match="~nobody-of-this-name is unknown"):
        absolute_path("~nobody-of-this-name/tokens.db")
