"""Auth.js, better-auth and arctic, each in a process of Node's: `npm ci --prefix tests/interop/node` installs them."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from tiktok_async.emulator import EmulatedUser, EmulatorThread

SCRIPTS = Path(__file__).parent / "node"


def run(script: str, tiktok: EmulatorThread, user: EmulatedUser, **environment: str) -> dict[str, Any]:
    """Run a script, and return what it reports."""
    node = shutil.which("node", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    assert node is not None, "node is not installed: it comes with the group `interop`"
    assert (SCRIPTS / "node_modules").is_dir(), "npm ci --prefix tests/interop/node"
    about = {
        "url": tiktok.url,
        "clientKey": tiktok.client_key,
        "clientSecret": tiktok.client_secret,
        "user": user.open_id,
    }
    done = subprocess.run(
        [node, SCRIPTS / f"{script}.mjs"],
        env={"PATH": os.environ["PATH"], "EMULATOR": json.dumps(about), **environment},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    reported: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return reported


def test_arctics_challenge_is_base64url_and_refused_at_the_exchange(
    tiktok: EmulatorThread, creator: EmulatedUser
) -> None:
    """RFC 7636 has base64url; TikTok's desktop page demands hex, its web page has no challenge.

    https://developers.tiktok.com/doc/login-kit-desktop
    """
    assert "invalid_request" in run("arctic", tiktok, creator)["error"]
    assert tiktok.logins[creator.open_id] == 0


def test_arctic_logs_in_refreshes_reads_and_revokes_where_tiktok_ignores_its_challenge(
    tiktok: EmulatorThread, creator: EmulatedUser
) -> None:
    tiktok.quirks = evolve(tiktok.quirks, web_challenge="ignored")
    assert run("arctic", tiktok, creator) == {"listed": 20, "rotated": True, "openId": creator.open_id}


def test_authjs_sends_a_base64url_challenge_which_is_refused_at_the_exchange(
    tiktok: EmulatorThread, creator: EmulatedUser
) -> None:
    """As arctic's; the way out is its option `checks: ["state"]`, for TikTok's web page has no challenge.

    https://developers.tiktok.com/doc/login-kit-web
    """
    assert "Code verifier or code challenge is invalid" in run("authjs", tiktok, creator)["error"]


@pytest.mark.parametrize("way", ["ignored by TikTok", "left out"])
def test_authjs_logs_in_and_reads_where_the_challenge_is(
    tiktok: EmulatorThread, creator: EmulatedUser, way: str
) -> None:
    checks = {"CHECKS": "state"} if way == "left out" else {}
    tiktok.quirks = evolve(tiktok.quirks, web_challenge="refused" if checks else "ignored")
    # It keeps the refresh token and never uses it: renewing is the site's.
    expected = {"listed": 20, "openId": creator.open_id, "name": "Ada", "keepsRefreshToken": True}
    assert run("authjs", tiktok, creator, **checks) == expected


def test_better_auth_logs_in_refreshes_and_reads_with_the_basic_scope_asked_for(
    tiktok: EmulatorThread, creator: EmulatedUser
) -> None:
    found = run("better-auth", tiktok, creator, SCOPE="user.info.basic,video.list")
    assert found == {"listed": 20, "name": "Ada", "renewed": True}


def test_better_auth_does_not_ask_for_the_scope_of_the_fields_that_it_reads(
    tiktok: EmulatorThread, creator: EmulatedUser
) -> None:
    """Open: TikTok's table gives `open_id` to `user.info.basic`; the client's default is in wide use without it.

    https://developers.tiktok.com/doc/tiktok-api-v2-get-user-info
    """
    assert "error=" in run("better-auth", tiktok, creator)["endedAt"]
    tiktok.quirks = evolve(tiktok.quirks, basic_scope="always")
    assert run("better-auth", tiktok, creator, SCOPE="video.list")["name"] == "Ada"


def test_better_auth_has_no_challenge_and_cannot_log_in_on_localhost(
    tiktok: EmulatorThread, creator: EmulatedUser
) -> None:
    """TikTok is right: a redirect to this machine needs one.

    https://developers.tiktok.com/doc/login-kit-desktop
    """
    found = run("better-auth", tiktok, creator, SITE="http://localhost:3000", SCOPE="user.info.basic,video.list")
    assert "code_challenge" in found["error"]
