"""What a user installs: the wheel that is built from the sdist, looked at from outside."""

import json
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from importlib.metadata import entry_points, metadata
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[1]
_PACKAGES = {"tiktok_async", "tiktok_async_stores"}


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist and the wheel made from it: CI's, or new ones."""
    made = os.environ.get("TIKTOK_ASYNC_DIST")
    if made:
        return Path(made)
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(_ROOT)]
    environment = {**os.environ, "HATCH_BUILD_HOOK_ENABLE_CUSTOM": "1", "SOURCE_DATE_EPOCH": "1790000000"}
    done = subprocess.run(build, capture_output=True, text=True, check=False, timeout=250, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def wheel(dist: Path) -> Path:
    (path,) = dist.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def sdist_names(dist: Path) -> set[str]:
    (path,) = dist.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        return {name.partition("/")[2] for name in archive.getnames()}


@pytest.fixture(scope="module")
def wheel_names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def _run_in_wheel(wheel: Path, code: str) -> str:
    """Run *code* with the wheel, and no checkout, first on the path."""
    script = f"import sys; sys.path.insert(0, {str(wheel)!r})\n{code}"
    done = subprocess.run(
        [sys.executable, "-I", "-c", script], capture_output=True, text=True, check=False, timeout=100
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("repository", ["someone/tiktok-async", None])
def test_the_project_urls_are_those_of_the_repository_whose_workflow_builds_it(repository: str | None) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")}
    if repository is not None:
        environment |= {"GITHUB_REPOSITORY": repository, "GITHUB_SERVER_URL": "https://git.example.com"}
    command = [sys.executable, "-m", "hatchling", "metadata", "urls"]
    done = subprocess.run(command, cwd=_ROOT, env=environment, capture_output=True, text=True, check=True, timeout=60)
    urls = json.loads(done.stdout)
    assert urls.get("Source") == (None if repository is None else f"https://git.example.com/{repository}")
    assert set(urls) == (set() if repository is None else {"Source", "Documentation", "Changelog", "Issues"})


def test_the_wheel_holds_the_two_packages_and_nothing_else(wheel_names: set[str]) -> None:
    tops = {name.partition("/")[0] for name in wheel_names}
    assert {top for top in tops if not top.endswith(".dist-info")} == _PACKAGES
    assert {f"{package}/py.typed" for package in _PACKAGES} <= wheel_names


def test_no_module_is_lost_between_sdist_and_wheel(sdist_names: set[str], wheel_names: set[str]) -> None:
    sources = {
        name.removeprefix("stores/")
        for name in sdist_names
        if name.startswith(("tiktok_async/", "stores/tiktok_async_stores/")) and Path(name).suffix
    }
    assert sources
    assert sources == {name for name in wheel_names if name.partition("/")[0] in _PACKAGES}


def test_the_sdist_has_its_tests_and_no_unneeded_files(sdist_names: set[str]) -> None:
    assert {"pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE", ".ci/run", "tests/conftest.py"} <= sdist_names
    assert not {n for n in sdist_names if "__pycache__" in n or n.endswith((".db", ".pyc")) or ".mypy_cache" in n}


def test_every_store_is_imported_from_the_wheel(wheel: Path) -> None:
    code = """
import tiktok_async.stores as stores
for name in stores.__all__:
    getattr(stores, name)
for name, module in sorted(sys.modules.items()):
    if name.partition(".")[0] in {"tiktok_async", "tiktok_async_stores"}:
        print(module.__file__)
"""
    files = _run_in_wheel(wheel, code).split()
    assert files
    assert all(file.startswith(str(wheel)) for file in files)


def test_every_public_name_is_imported_from_the_wheel(wheel: Path) -> None:
    code = "import tiktok_async\nfor name in tiktok_async.__all__: getattr(tiktok_async, name)\nprint('ok')"
    assert _run_in_wheel(wheel, code).strip() == "ok"


def test_an_sbom_in_the_wheel_names_what_it_asks_for(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if ".dist-info/sboms/" in name]
        sbom = json.loads(archive.read(name))
    root = sbom["metadata"]["component"]
    assert (root["name"], root["version"]) == ("tiktok-async", wheel.name.split("-")[1])
    (direct,) = [edge["dependsOn"] for edge in sbom["dependencies"] if edge["ref"] == root["bom-ref"]]
    needed = [line for line in metadata("tiktok-async").get_all("Requires-Dist") or [] if "extra ==" not in line]
    assert direct == sorted("pkg:pypi/" + re.split(r"\W", line)[0] for line in needed)


def test_the_package_knows_the_version_it_was_built_with(wheel: Path) -> None:
    (_, version, *_) = wheel.name.split("-")
    code = "import tiktok_async\nassert 'importlib.metadata' not in sys.modules\nprint(tiktok_async.__version__)"
    assert _run_in_wheel(wheel, code).strip() == version


def test_the_library_works_without_any_extra(wheel: Path) -> None:
    """Without extras, everything that needs none works, and the rest raises an error that says what to install."""
    code = """
extras = "redis cryptography cyclopts rich platformdirs segno opentelemetry starlette fastapi litestar pytest"
for name in extras.split():
    sys.modules[name] = None
import tiktok_async
for name in tiktok_async.__all__:
    getattr(tiktok_async, name)
from tiktok_async.stores import MemoryTokenStore, SQLiteTokenStore, open_store
try:
    from tiktok_async.stores import RedisTokenStore
except ImportError as error:
    print(error)
"""
    assert 'pip install "tiktok-async[redis]"' in _run_in_wheel(wheel, code)


def test_the_command_line_without_its_extra_says_what_to_install(wheel: Path) -> None:
    code = "sys.modules['cyclopts'] = None\nfrom tiktok_async.cli import main\nmain()"
    script = f"import sys; sys.path.insert(0, {str(wheel)!r})\n{code}"
    done = subprocess.run(
        [sys.executable, "-I", "-c", script], capture_output=True, text=True, check=False, timeout=100
    )
    assert done.returncode == 1
    assert 'pip install "tiktok-async[cli]"' in done.stderr
    assert "Traceback" not in done.stderr


def test_the_metadata_names_every_extra_and_door() -> None:
    about = metadata("tiktok-async")
    assert set(about.get_all("Provides-Extra") or []) >= {"all", "cli", "crypto", "otel", "redis", "test"}
    everything = {line for line in about.get_all("Requires-Dist") or [] if 'extra == "all"' in line.replace("'", '"')}
    single = {line for line in about.get_all("Requires-Dist") or [] if "extra ==" in line} - everything
    # Worker engines pin Redis clients of their own, and hiredis is compiled: they are not in `all`.
    apart = ("taskiq", "streaq", "hiredis")
    engines = {line for line in single if any(f'"{name}"' in line.replace("'", '"') for name in apart)}
    assert {line.partition(";")[0] for line in single - engines} == {line.partition(";")[0] for line in everything}
    (command,) = entry_points(group="console_scripts", name="tiktok-async")
    assert command.value == "tiktok_async.cli:main"


def test_every_entry_point_loads() -> None:
    points = [*entry_points(group="tiktok_async.stores"), *entry_points(group="pytest11", name="tiktok_async")]
    assert {"memory", "sqlite", "redis", "rediss"} <= {point.name for point in points}
    for point in points:
        assert point.load() is not None
