"""What an import does and does not do, and what happens where a stranger has the same name."""

import ast
import os
import shutil
import subprocess
import sys
from base64 import urlsafe_b64encode
from hashlib import sha256
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MODULES = [
    ".".join(p.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for p in sorted((ROOT / "reference").rglob("*.py"))
]


def python(code: str, *path: Path, site: bool = False) -> subprocess.CompletedProcess[str]:
    """Run code in another process, with these folders and, if asked, what is installed."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path))}
    # -P: the working directory, where the checkout lies, stays out of the path
    flags = ["-P"] if site else ["-P", "-S"]
    return subprocess.run(
        [sys.executable, *flags, "-c", code],
        capture_output=True,
        text=True,
        env=env,
        check=False,
    )


def source_of_check(package: str) -> list[str]:
    text = (ROOT / package / "__init__.py").read_text("utf-8")
    nodes = [
        n
        for n in ast.parse(text).body
        if getattr(n, "name", None) in {"_check_distribution", "_is_installed"}
    ]
    return [ast.get_source_segment(text, n) or "" for n in nodes]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder with copies of both packages."""
    for package in ("reference", "fast"):
        shutil.copytree(
            ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    return tmp_path


def install(site: Path, *, editable: bool = False) -> None:
    """Add the metadata that pip leaves beside an installed wheel, or an editable one."""
    info = site / "bits_back-0.1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.4\nName: bits-back\nVersion: 0.1.0\n")
    lines = ["_bits_back.pth,,"]
    if not editable:
        for path in sorted(site.rglob("*.py")):
            digest = urlsafe_b64encode(sha256(path.read_bytes()).digest()).decode().rstrip("=")
            size = path.stat().st_size
            lines.append(f"{path.relative_to(site).as_posix()},sha256={digest},{size}")
    (info / "RECORD").write_text("\n".join(lines) + "\n")


def test_reference_never_imports_numba() -> None:
    code = (
        f"import sys, {', '.join(MODULES)}; assert not {{'numba', 'fast'}} & set(sys.modules)"
    )
    done = python(code, ROOT, site=True)
    assert done.returncode == 0, done.stderr


def test_import_fast_is_light() -> None:
    """Neither numba nor any of its own modules: they come with the first name asked for."""
    code = """
import sys, fast
assert "numba" not in sys.modules
assert [m for m in sys.modules if m.startswith("fast.")] == []
"""
    done = python(code, ROOT, site=True)
    assert done.returncode == 0, done.stderr


def test_every_package_is_typed() -> None:
    assert all((ROOT / p / "py.typed").is_file() for p in ("reference", "fast"))


def test_the_check_stands_in_both_packages() -> None:
    first, second = source_of_check("reference"), source_of_check("fast")
    assert len(first) == 2
    assert first == second


def test_installed_packages_import(site: Path) -> None:
    install(site)
    done = python("import reference, fast; print(fast.__file__)", site)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(site))


@pytest.mark.parametrize(("ours", "theirs"), [("reference", "fast"), ("fast", "reference")])
@pytest.mark.parametrize("harm", ["overwritten", "removed", "shadowed"])
def test_a_stranger_of_the_same_name_is_noticed(
    site: Path, tmp_path_factory: pytest.TempPathFactory, ours: str, theirs: str, harm: str
) -> None:
    """Another distribution has written over a package, taken it along, or comes before it."""
    install(site)
    path, before = site / theirs / "__init__.py", tmp_path_factory.mktemp("before")
    if harm == "overwritten":
        path.write_text('"""Something else altogether."""\n')
    elif harm == "removed":
        path.unlink()
    else:
        (before / theirs).mkdir()
        path = before / theirs / "__init__.py"
        path.touch()
    done = python(f"import {ours}", before, site)
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith(f"ImportError: {path} is not the {theirs!r} of the distribution")
    assert "pip install" in last


def test_editable_install_must_have_both_in_one_folder(
    site: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    metadata, before = tmp_path_factory.mktemp("metadata"), tmp_path_factory.mktemp("before")
    install(metadata, editable=True)
    assert python("import reference, fast", metadata, site).returncode == 0
    (before / "fast").mkdir()
    (before / "fast" / "__init__.py").touch()
    done = python("import reference", before, metadata, site)
    assert f"ImportError: {before / 'fast' / '__init__.py'} is not" in done.stderr


def test_a_checkout_may_be_changed(site: Path) -> None:
    """Without metadata beside it, a package may differ from every wheel."""
    with (site / "fast" / "__init__.py").open("a") as file:
        file.write("CHANGED = 1\n")
    done = python("import reference, fast; print(fast.CHANGED)", site)
    assert done.stdout == "1\n", done.stderr
