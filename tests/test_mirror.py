"""Every public name of `fast` has a namesake in `reference` that takes the same arguments."""

import ast
import importlib
import inspect
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import fast

ROOT = Path(__file__).parent.parent
PARTS = ("information", "coding", "inference", "models", "compression")
TWINS = [
    ".".join(p.relative_to(ROOT / "fast").with_suffix("").parts)
    for part in PARTS
    for p in sorted((ROOT / "fast" / part).rglob("*.py"))
    if not p.name.startswith("_")
]
MODULES = [f"fast.{name}" for name in TWINS] + [
    ".".join(p.relative_to(ROOT).with_suffix("").parts)
    for p in sorted((ROOT / "reference").rglob("*.py"))
    if p.name not in {"__init__.py", "params.py"}
]


def twin(module: str) -> tuple[ModuleType, ModuleType]:
    return importlib.import_module(f"fast.{module}"), importlib.import_module(
        f"reference.{module}"
    )


def test_there_are_twins() -> None:
    assert TWINS
    assert any(m.startswith("reference.") for m in MODULES)


def methods(kind: type) -> list[str]:
    return [
        name
        for name in dir(kind)
        if not name.startswith("_") and callable(getattr(kind, name))
    ]


def assert_same_parameters(mine: Any, oracle: Any) -> None:
    parameters, expected = (inspect.signature(f).parameters for f in (mine, oracle))
    assert list(parameters.values()) == list(expected.values()), oracle.__qualname__


@pytest.mark.parametrize("module", TWINS)
def test_same_names_and_signatures(module: str) -> None:
    """Kernels and their arguments apart, which have no namesake; types are the same object.

    An estimator is a class of its own in either package, with the same methods. What is
    returned may differ in kind: arrays here, where the reference has tuples.
    """
    ours, theirs = twin(module)
    for name in ours.__all__:
        if name.lower().endswith(("_kernel", "arguments")):
            continue
        mine, oracle = getattr(ours, name), getattr(theirs, name)
        if inspect.isclass(oracle) and mine is not oracle:
            assert name in theirs.__all__
            assert not issubclass(mine, oracle), f"{name} would run its oracle's methods"
            assert methods(mine) == methods(oracle), name
            for method in ("__init__", *methods(oracle)):
                assert_same_parameters(getattr(mine, method), getattr(oracle, method))
        elif inspect.isclass(oracle) or not callable(oracle):
            assert mine is oracle or mine == oracle, name
        else:
            assert name in theirs.__all__
            assert mine is not oracle, f"{name} is not compiled, so it cannot disagree"
            assert_same_parameters(mine, oracle)


@pytest.mark.parametrize("module", MODULES)
def test_all_lists_every_public_definition(module: str) -> None:
    found = importlib.import_module(module)
    tree = ast.parse(Path(str(found.__file__)).read_text("utf-8"))
    defined = {n.name for n in tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef)}
    assert {n for n in defined if not n.startswith("_")} <= set(found.__all__)
    assert all(hasattr(found, name) for name in found.__all__)


def test_fast_offers_every_public_name() -> None:
    """The modules that `fast/__init__.py` looks in are all that there are."""
    packages = {name.rpartition(".")[0] for name in TWINS}
    assert set(fast.MODULES) == {name for name in TWINS if name.count(".") == 1} | {
        name for name in packages if "." in name
    }
    names = []
    for module in map(importlib.import_module, (f"fast.{name}" for name in fast.MODULES)):
        names += module.__all__
        for name in module.__all__:
            assert getattr(fast, name) is getattr(module, name)
            assert name in dir(fast)
    assert len(names) == len(set(names)), "fast.<name> would hide a namesake"
    with pytest.raises(AttributeError, match="nonsense"):
        fast.nonsense  # noqa: B018
