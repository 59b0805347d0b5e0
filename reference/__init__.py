"""Lossless compression with latent-variable models: SPEC.md, each clause in plain Python.

One chapter of SPEC.md is one module: `reference.coding.ans` implements the chapter ANS. The
code is written to be read; `fast` does the same work in compiled code. Nothing here imports
numba.
"""

import importlib.util
from base64 import urlsafe_b64encode
from hashlib import sha256
from pathlib import Path


def _check_distribution() -> None:
    """Refuse to run where another distribution has taken the place of either package.

    Both names are generic, and pip writes over a stranger's files without a word. A copy of
    this function stands in both packages, since neither may import the other for it.

    Raises:
        ImportError: a package is not as bits-back installed it, or not beside the other one.
    """
    folder = Path(__file__).parent.parent
    records = [p.read_text("utf-8") for p in folder.glob("bits_back-*.dist-info/RECORD")]
    for name in ("reference", "fast"):
        path = folder / name / "__init__.py"
        spec = importlib.util.find_spec(name)
        found = Path(spec.origin) if spec is not None and spec.origin else None
        right = found is not None and found.resolve() == path.resolve()
        if right and records:  # an installed wheel, not a checkout: compare the contents too
            digest = urlsafe_b64encode(sha256(path.read_bytes()).digest()).decode().rstrip("=")
            right = any(f"{name}/__init__.py,sha256={digest}," in r for r in records)
        if not right and (records or _is_installed()):
            raise ImportError(
                f"{found or path} is not the {name!r} of the distribution bits-back: uninstall"
                " what has put it there, then 'pip install --force-reinstall bits-back'"
            )


def _is_installed() -> bool:
    from importlib import metadata  # slow to import, and seldom needed

    return any(metadata.distributions(name="bits-back"))


_check_distribution()
