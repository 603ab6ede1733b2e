"""What the figures were taken on: the machine, and the versions of everything that takes part."""

import os
import platform
import shutil
import sqlite3
import ssl
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = (
    *("aiohttp", "aiosqlite", "attrs", "cattrs", "orjson", "redis", "tenacity", "cryptography", "opentelemetry-sdk"),
    *("aiolimiter", "asyncio-throttle", "backon", "hiredis", "limits", "msgspec", "pyrate-limiter"),
    *("stamina", "throttled-py"),
)


def machine() -> dict[str, str]:
    """Return the facts that a figure depends on, by their names."""
    return {
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release().partition('-')[0]}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "SQLite": sqlite3.sqlite_version,
        "OpenSSL": ssl.OPENSSL_VERSION.split()[1],
        "Redis server": _of_program("redis-server", "--version", "v="),
        "curl": _of_program("curl", "--version", "curl "),
        "packages": ", ".join(f"{name} {_of_package(name)}" for name in PACKAGES),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def _of_program(name: str, option: str, before: str) -> str:
    if shutil.which(name) is None:
        return "none"
    shown = subprocess.run([name, option], capture_output=True, text=True, check=True).stdout
    return shown.partition(before)[2].split()[0]


def _of_package(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "none"
