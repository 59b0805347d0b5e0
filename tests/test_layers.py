"""Who may import whom: the section of that name in CONTRIBUTING.md."""

import ast
import importlib.util
import inspect
import sys
from pathlib import Path
from types import GenericAlias

import pytest

ROOT = Path(__file__).parent.parent
PARTS = {
    "information": {"information"},
    "coding": {"coding"},
    "inference": {"inference"},
    "models": {"models", "inference"},
    "compression": {"information", "coding", "inference", "models", "compression"},
}
"""What a part of either package may import, besides errors and params."""

BESIDE = {"fast.cli", "fast.__main__", "fast.datasets", "fast.files"}
"""What lies beside the mirror: it may call the algorithms of both packages."""


def is_beside(module: str) -> bool:
    return any(module == b or module.startswith(b + ".") for b in BESIDE)


def modules(package: str) -> dict[str, Path]:
    found = {
        ".".join(p.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): p
        for p in sorted((ROOT / package).rglob("*.py"))
    }
    assert found
    return found


REFERENCE, FAST = modules("reference"), modules("fast")


def imports(name: str, path: Path) -> set[tuple[str, str | None]]:
    """The pairs ``(module, name)`` of all imports, also of those inside functions."""
    found: set[tuple[str, str | None]] = set()
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {(a.name, None) for a in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if node.level:
                module = importlib.util.resolve_name("." * node.level + module, package)
            found |= {(module, a.name) for a in node.names}
    return found


def touched(name: str, path: Path) -> set[str]:
    """The modules imported; ``from a import b`` counts as ``a.b`` where that is a module."""
    known = {**REFERENCE, **FAST}
    return {f"{m}.{n}" if n and f"{m}.{n}" in known else m for m, n in imports(name, path)}


def part(module: str) -> str | None:
    """The part of a module of either package, or None of one that belongs to no part."""
    package, _, rest = module.partition(".")
    return rest.split(".")[0] if package in {"reference", "fast"} and rest else None


@pytest.mark.parametrize(("name", "path"), [*REFERENCE.items(), *FAST.items()])
def test_parts(name: str, path: Path) -> None:
    """Information, coding and inference know nothing of one another, and so on."""
    if is_beside(name):
        return
    ours = {m for m in touched(name, path) if m.split(".")[0] in {"reference", "fast"}}
    if name == "fast":  # it imports at the first call only: see test_package.py
        return
    if part(name) not in PARTS:  # errors and params themselves; _jit and its like
        like_jit = {"reference.errors", "reference.params", "fast._jit"}
        assert ours <= (like_jit if name in FAST else set())
        return
    allowed = PARTS[part(name) or ""] | {"errors", "params", "_jit", "_logarithm"}
    assert {m for m in ours if part(m) not in allowed} == set()


@pytest.mark.parametrize(("name", "path"), REFERENCE.items())
def test_reference_imports_only_arrays(name: str, path: Path) -> None:
    """Neither numba nor `fast`; beyond the standard library, numpy and scipy."""
    roots = {m.split(".")[0] for m in touched(name, path)}
    assert roots - sys.stdlib_module_names <= {"reference", "numpy", "scipy"}


@pytest.mark.parametrize(
    ("name", "path"),
    [
        (n, p)
        for n, p in REFERENCE.items()
        if part(n) == "coding" and not n.startswith("reference.coding.fixed_point")
    ],
)
def test_no_floats_after_the_tables(name: str, path: Path) -> None:
    """Coding computes with integers; only the report of information divides them."""
    found = imports(name, path) - {("math", "isqrt")}
    assert not {m.split(".")[0] for m, _ in found} & {"numpy", "scipy", "math", "cmath"}
    tree = ast.parse(path.read_text("utf-8"))
    reports = [
        n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name == "information"
    ]
    may_divide = {n for report in reports for n in ast.walk(report)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant):
            assert not isinstance(node.value, float | complex), f"line {node.lineno}"
        if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
            assert node in may_divide, f"line {node.lineno}"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in {"float", "complex"}, f"line {node.lineno}"


@pytest.mark.parametrize(("name", "path"), [i for i in FAST.items() if not is_beside(i[0])])
def test_fast_borrows_only_types_and_constants(name: str, path: Path) -> None:
    """A twin that calls its oracle agrees with it for free."""
    for module, borrowed in imports(name, path):
        if module.split(".")[0] != "reference" or module in {
            "reference.errors",
            "reference.params",
        }:
            continue
        if (module, borrowed) in {("reference", "errors"), ("reference", "params")}:
            continue
        assert borrowed is not None, f"import {module}"
        thing = getattr(importlib.import_module(module), borrowed)
        is_type = inspect.isclass(thing) or isinstance(thing, GenericAlias)
        assert is_type or (borrowed.isupper() and not callable(thing)), (
            f"{borrowed} of {module} is neither a type nor a constant"
        )


@pytest.mark.parametrize(("name", "path"), [i for i in FAST.items() if not is_beside(i[0])])
def test_nothing_imports_the_command_line(name: str, path: Path) -> None:
    assert not any(map(is_beside, touched(name, path)))
