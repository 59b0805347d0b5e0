"""The cache of compiled kernels: never stale, and never in the way."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import fast._jit

ROOT = Path(fast._jit.__file__).parent.parent

KERNEL = """
from fast._jit import kernel
from fast.helper import CONSTANT, added
from reference.other import FACTOR


@kernel
def probe(x):
    return FACTOR * added(x) + CONSTANT
"""

RUN = """
from fast.probe import probe
result = probe(1)
stats = getattr(probe, "stats", None)
hits = sum(stats.cache_hits.values()) if stats else "plain"
print(result, hits, bool(stats and stats.cache_path))
"""


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """Copies of both packages, with a kernel that depends on other files of both."""
    for package in ("reference", "fast"):
        (tmp_path / package).mkdir()
        shutil.copy(ROOT / package / "__init__.py", tmp_path / package)
    shutil.copy(ROOT / "fast" / "_jit.py", tmp_path / "fast")
    (tmp_path / "fast" / "probe.py").write_text(KERNEL)
    write_helpers(tmp_path, constant=0, added=1, factor=1)
    return tmp_path


def write_helpers(packages: Path, *, constant: int, added: int, factor: int) -> None:
    (packages / "fast" / "helper.py").write_text(
        f"from fast._jit import kernel\nCONSTANT = {constant}\n\n\n"
        f"@kernel\ndef added(x):\n    return x + {added}\n"
    )
    (packages / "reference" / "other.py").write_text(f"FACTOR = {factor}\n")


def run(packages: Path, code: str = RUN, **env: str) -> list[str]:
    """Return the result, the number of hits, and whether there was a cache at all."""
    base = {k: v for k, v in os.environ.items() if not k.startswith("NUMBA_")}
    cache = {"NUMBA_CACHE_DIR": str(packages / "cache")}
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        capture_output=True,
        text=True,
        env={**base, **cache, "PYTHONPATH": str(packages), **env},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_second_run_hits_the_cache(packages: Path) -> None:
    assert run(packages) == ["2", "0", "True"]
    assert run(packages) == ["2", "1", "True"]


def test_change_in_another_file_is_noticed(packages: Path) -> None:
    """A constant, a kernel that is called, and a constant of `reference`."""
    assert run(packages) == ["2", "0", "True"]
    write_helpers(packages, constant=10, added=1, factor=1)
    assert run(packages) == ["12", "0", "True"]
    write_helpers(packages, constant=10, added=2, factor=1)
    assert run(packages) == ["13", "0", "True"]
    write_helpers(packages, constant=10, added=2, factor=5)
    assert run(packages) == ["25", "0", "True"]
    assert run(packages) == ["25", "1", "True"]


def test_change_of_a_setting_is_noticed(packages: Path) -> None:
    """An entry made without bounds checks is not run where they are asked for."""
    assert run(packages) == ["2", "0", "True"]
    assert run(packages, NUMBA_BOUNDSCHECK="1") == ["2", "0", "True"]
    assert run(packages, NUMBA_OPT="1") == ["2", "0", "True"]


def test_without_jit_a_kernel_is_the_function(packages: Path) -> None:
    assert run(packages, NUMBA_DISABLE_JIT="1") == ["2", "plain", "False"]


def test_works_where_no_cache_can_be_written(packages: Path) -> None:
    """Nowhere: a file stands where each folder of the cache would be."""
    file = packages / "file"
    file.touch()
    (packages / "fast" / "__pycache__").touch()
    nowhere = {
        "NUMBA_CACHE_DIR": str(file / "cache"),
        "HOME": str(file),
        "XDG_CACHE_HOME": str(file),
        "LOCALAPPDATA": str(file),
    }
    assert run(packages, **nowhere) == ["2", "0", "False"]


def test_works_where_the_cache_vanishes(packages: Path) -> None:
    """The folder could be written at import, and cannot any more at the first call."""
    spoil = (
        "import shutil; import fast.probe; shutil.rmtree('{0}'); open('{0}', 'w').close()\n"
    )
    code = spoil.format(packages / "cache") + RUN
    assert run(packages, code)[0] == "2"


@pytest.mark.parametrize(
    "renamed",
    ["FunctionCache._cache_file", "IndexDataCacheFile._source_stamp", "FunctionCache"],
)
def test_no_cache_where_numba_has_changed(packages: Path, renamed: str) -> None:
    """What cannot be stamped is not cached: no entry is better than a stale one."""
    name, _, attribute = renamed.partition(".")
    code = f"""
from numba.core import caching
if not {attribute!r}:
    caching.{name} = None
else:
    made = caching.{name}.__init__
    def init(self, *args):
        made(self, *args)
        self.renamed = self.__dict__.pop({attribute!r})
    caching.{name}.__init__ = init
"""
    for added in (1, 2):
        write_helpers(packages, constant=0, added=added, factor=1)
        assert run(packages, code + RUN) == [str(1 + added), "0", "False"]
