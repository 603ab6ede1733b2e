"""The state that an emulator keeps over a restart: its users and all grants."""

from collections.abc import Mapping
from typing import Any

from attrs import asdict, fields

from tiktok_async.emulator.engine.grants import Grant
from tiktok_async.emulator.engine.state import State
from tiktok_async.emulator.engine.users import EmulatedUser

_VERSION = 1
_PROFILE = [field.name for field in fields(EmulatedUser) if field.name not in {"videos", "union_id", "scopes"}]


def dump(state: State) -> dict[str, Any]:
    """Return users and grants as JSON values; their tokens are valid, but only for the emulator."""
    return {
        "version": _VERSION,
        "app": [state.client_key, state.client_secret],
        "users": [
            {
                **{name: getattr(user, name) for name in _PROFILE},
                "scopes": sorted(user.scopes),
                "videos": len(user.videos),
            }
            for user in state.users.values()
        ],
        "grants": state.grants.dump(_plain),
    }


def load(state: State, saved: Mapping[str, Any]) -> None:
    """Restore what `dump` returned.

    Raises:
        ValueError: It was written by another version, or for another app.
    """
    if saved.get("version") != _VERSION or saved.get("app") != [state.client_key, state.client_secret]:
        raise ValueError("it was written by another version of the emulator, or for another app")
    for user in saved["users"]:
        about = {name: value for name, value in user.items() if name in _PROFILE}
        known = ("open_id", "display_name", "username", "private", "sandbox_target")
        state.add_user(
            videos=user["videos"],
            scopes=user["scopes"],
            **{name: about.pop(name) for name in known},
            profile=about,
        )
    state.grants.load(saved["grants"], _grant)


def _plain(grant: Grant) -> dict[str, Any]:
    return {**asdict(grant), "scopes": sorted(grant.scopes)}


def _grant(saved: Mapping[str, Any]) -> Grant:
    values: dict[str, Any] = {**saved, "scopes": frozenset(saved["scopes"])}
    return Grant(**values)
