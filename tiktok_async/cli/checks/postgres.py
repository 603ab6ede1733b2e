"""A store in PostgreSQL: whether its data is durable, and protected from others."""

from collections.abc import Iterator

from tiktok_async.cli.checks.finding import Finding, Level
from tiktok_async.errors import ConfigurationError, StoreError

_SUBJECT = "PostgreSQL"
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_SAFE_MODES = {"require", "verify-ca", "verify-full"}


async def check_postgres(url: str) -> tuple[list[Finding], bool]:
    """Return what endangers tokens in the database at *url*, and whether its tables exist; nothing is changed.

    A database that cannot be used gives no finding here: the checks that open it and read its accounts report that.
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
    findings += _connection(str(info.get("host", "")), str(info.get("sslmode", "prefer")))
    if not found:
        advice = "Let its operator check fsync, synchronous_commit and synchronous_standby_names."
        findings.append(Finding(_SUBJECT, Level.DOUBTFUL, "Its settings cannot be read.", advice))
    made = found.get("made") != "no"
    if not findings:
        end = "" if made else " The first login will make its tables."
        findings.append(Finding(_SUBJECT, Level.OK, f"Its data is durable.{end}"))
    return findings, made


def _connection(hosts: str, mode: str) -> Iterator[Finding]:
    far = [host for host in hosts.split(",") if host and not host.startswith(("/", "@")) and host not in _LOOPBACK]
    if far and mode not in _SAFE_MODES:
        advice = "Add sslmode=verify-full to the URL, unless nobody else can use the network between."
        yield Finding(_SUBJECT, Level.DOUBTFUL, f"Tokens may be sent to {', '.join(far)} without TLS.", advice)
