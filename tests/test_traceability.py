"""Every clause of SPEC.md is cited by code and by a test, and every citation is real."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
# Without its examples: a comment in Python looks like a heading.
TEXT = re.sub(
    r"^```.*?^```", "", (ROOT / "SPEC.md").read_text("utf-8"), flags=re.MULTILINE | re.DOTALL
)
CHAPTERS = re.findall(r"^## ([A-Z]{3}): ", TEXT, re.MULTILINE)
CLAUSES = re.findall(
    r"^#### ([A-Z]{3}-\d+) ([^\n]*)\n(.*?)(?=^#|\Z)", TEXT, re.MULTILINE | re.DOTALL
)
IDS = [i for i, _, _ in CLAUSES]
WITHDRAWN = {i for i, title, body in CLAUSES if "withdrawn" in f"{title} {body}".lower()}
IN_FORCE = set(IDS) - WITHDRAWN
# Of the chapters only: SHA-256 and ISO-8601 are no clauses.
CITATION = re.compile(rf"\b(?:{'|'.join(CHAPTERS)})-\d+\b")


def files(folder: str, *suffixes: str) -> list[Path]:
    return sorted(p for p in (ROOT / folder).rglob("*") if p.suffix in suffixes)


def cited(text: str | None) -> set[str]:
    return set(CITATION.findall(text or ""))


def public(path: Path) -> Iterator[tuple[str, str | None]]:
    """The public functions and classes of a module, each with its docstring."""
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield f"{path.relative_to(ROOT)}: {node.name}", ast.get_docstring(node)


def test_clauses_are_well_formed() -> None:
    """An id stands once, in the chapter of its name, with one requirement."""
    assert CLAUSES
    assert len(IDS) == len(re.findall(r"^#+ +[A-Z]+-\d+", TEXT, re.MULTILINE))
    assert len(IDS) == len(set(IDS))
    chapter = None
    for line in re.findall(r"^##(?:##)? (?:[A-Z]{3}: |[A-Z]{3}-\d+ )", TEXT, re.MULTILINE):
        if line.startswith("####"):
            assert line.split()[1].split("-")[0] == chapter
        else:
            chapter = line.split()[1].rstrip(":")


@pytest.mark.parametrize(("clause", "body"), [(i, b) for i, _, b in CLAUSES], ids=IDS)
def test_one_requirement_a_clause(clause: str, body: str) -> None:
    assert len(re.findall(r"\bMUST\b", body)) == (clause not in WITHDRAWN)


@pytest.mark.parametrize("folder", ["reference", "fast", "tests", "benchmarks", "."])
def test_every_citation_is_real(folder: str) -> None:
    """Also those of the data files of tests, and of the texts in the root."""
    paths = (
        sorted(ROOT.glob("*.md")) if folder == "." else files(folder, ".py", ".json", ".md")
    )
    assert paths or folder == "benchmarks"
    wrong = {str(p): sorted(cited(p.read_text("utf-8")) - set(IDS)) for p in paths}
    assert {p: unknown for p, unknown in wrong.items() if unknown} == {}


def test_every_clause_is_implemented() -> None:
    """Each by its own id: ``ANS-1 to ANS-8`` at the head of a module shows nothing."""
    span = re.compile(rf"{CITATION.pattern}\s+to\s+{CITATION.pattern}")
    found: set[str] = set()
    for path in files("reference", ".py"):
        text = path.read_text("utf-8")
        head = ast.get_docstring(ast.parse(text), clean=False) or ""
        found |= cited(text.replace(head, span.sub("", head), 1))
    assert found
    assert sorted(IN_FORCE - found) == []


def test_every_public_name_cites_a_clause() -> None:
    apart = {ROOT / "reference" / name for name in ("errors.py", "params.py")}
    found = [d for p in files("reference", ".py") if p not in apart for d in public(p)]
    assert found
    assert [name for name, docstring in found if not cited(docstring)] == []


def test_every_clause_is_tested(cited_by_tests: set[str]) -> None:
    assert cited_by_tests
    assert sorted(cited_by_tests - IN_FORCE) == []
    assert sorted(IN_FORCE - cited_by_tests) == []
