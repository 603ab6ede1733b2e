"""A store in PostgreSQL: whether it keeps what it was given, and keeps it to itself."""

from collections.abc import Iterator

from tiktok_async.cli.checks.finding import Finding, Level
from tiktok_async.errors import ConfigurationError, StoreError

_SUBJECT = "PostgreSQL"
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_SAFE_MODES = {"require", "verify-ca", "verify-full"}


async def check_postgres(url: str) -> tuple[list[Finding], bool]:
    """Return what endangers tokens in the database at *url*, and whether its tables are there; nothing is changed.

    One that cannot be used is no finding here: opening it and reading its accounts tell of that.
    """
    try:
        from tiktok_async_stores.postgres.link import read_url
        from tiktok_async_stores.postgres.safety import examine, unsafe_settings

        info, _ = read_url(url)
        found = await examine(url)
    except (ConfigurationError, StoreError, ImportError):
        return [], True
    findings = [
        Finding(_SUBJECT, Level.DANGEROUS, f"It has {what}.", advice) for what, advice in unsafe_settings(found)
    ]
    findings += _way(str(info.get("host", "")), str(info.get("sslmode", "prefer")))
    if not found:
        advice = "Let its operator look at fsync, synchronous_commit and synchronous_standby_names."
        findings.append(Finding(_SUBJECT, Level.DOUBTFUL, "It forbids a look at its settings.", advice))
    made = found.get("made") != "no"
    if not findings:
        end = "" if made else " Its tables will be made by the first login."
        findings.append(Finding(_SUBJECT, Level.OK, f"It keeps what it was given.{end}"))
    return findings, made


def _way(hosts: str, mode: str) -> Iterator[Finding]:
    far = [host for host in hosts.split(",") if host and not host.startswith(("/", "@")) and host not in _LOOPBACK]
    if far and mode not in _SAFE_MODES:
        advice = "Add sslmode=verify-full to the URL, unless the network between is yours alone."
        yield Finding(_SUBJECT, Level.DOUBTFUL, f"Tokens may travel to {', '.join(far)} in clear.", advice)
