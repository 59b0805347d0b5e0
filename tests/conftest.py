"""Profiles of Hypothesis, numba's cache, the data folder, and the clauses that tests cite."""

import contextlib
import importlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

TESTS = Path(__file__).parent

# The first call of a kernel compiles for seconds, so no example has a deadline.
settings.register_profile("dev", deadline=None)
settings.register_profile("nightly", deadline=None, max_examples=5_000)
if settings.get_current_profile_name() == "default":  # on CI Hypothesis loads its own "ci"
    settings.load_profile("dev")

# numba reads this variable when it is imported. The workers of pytest-xdist inherit it and so
# share one cache; whoever finds it unset has made the folder, and removes it at the end.
MADE_CACHE = None
if "NUMBA_CACHE_DIR" not in os.environ:
    MADE_CACHE = os.environ["NUMBA_CACHE_DIR"] = tempfile.mkdtemp(prefix="numba-cache-")

# Set in the one job in which numba cannot be imported, on purpose.
REFERENCE_ONLY = os.environ.get("BITS_BACK_REFERENCE_ONLY") == "1"
IMPORTS_FAST = re.compile(r"^\s*(from|import) (fast|numba)\b", re.MULTILINE)
collect_ignore = [
    str(p)
    for p in TESTS.rglob("test_*.py")
    if REFERENCE_ONLY and IMPORTS_FAST.search(p.read_text("utf-8"))
]

CITED = pytest.StashKey[set[str]]()
COLLECTED = pytest.StashKey[set[Path]]()


def pytest_configure(config: pytest.Config) -> None:
    if REFERENCE_ONLY:
        with contextlib.suppress(ImportError):
            importlib.import_module("numba")
            raise pytest.UsageError("BITS_BACK_REFERENCE_ONLY=1, but numba can be imported")


def pytest_unconfigure(config: pytest.Config) -> None:
    if MADE_CACHE is not None:
        shutil.rmtree(MADE_CACHE, ignore_errors=True)


@pytest.hookimpl(tryfirst=True)  # before -k and -m take items away
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    config.stash[CITED] = {i for t in items for m in t.iter_markers("spec") for i in m.args}
    config.stash[COLLECTED] = {t.path for t in items}


@pytest.fixture
def cited_by_tests(pytestconfig: pytest.Config) -> set[str]:
    """The clauses in the marks of all tests; skips where only a part of them was collected."""
    missing = set(TESTS.rglob("test_*.py")) - pytestconfig.stash[COLLECTED]
    if missing:
        pytest.skip(f"not collected: {', '.join(sorted(p.name for p in missing))}")
    return pytestconfig.stash[CITED]


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder with MNIST, from BITS_BACK_DATA; unset, it skips, or fails if required."""
    required = os.environ.get("BITS_BACK_DATA_REQUIRED") == "1"
    folder = os.environ.get("BITS_BACK_DATA")
    if not folder:
        (pytest.fail if required else pytest.skip)("BITS_BACK_DATA names no folder")
    path = Path(folder)
    for name in ("mnist.npz", "binarized_mnist_fixed.npz"):
        if not (path / name).is_file():
            pytest.fail(f"{path / name}: no such file, but BITS_BACK_DATA names its folder")
    return path


@pytest.fixture(scope="session")
def printed_by() -> Callable[..., str]:
    """Return what a script prints in a fresh process, under an environment of its own."""

    def run(script: str, **environment: str) -> str:
        return subprocess.run(
            [sys.executable, "-c", script],
            cwd=TESTS.parent,
            env=os.environ | environment,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout

    return run
