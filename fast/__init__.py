"""Lossless compression with latent-variable models: the hot paths of `reference`, compiled.

The same names as in `reference`, the same arguments, the same results. Every public name of
the modules below is also found here, as ``fast.<name>``. Importing this package compiles
nothing and does not import numba: a module is imported when one of its names is first asked
for, and a kernel compiles at its first call.
"""

import importlib
import importlib.util
from base64 import urlsafe_b64encode
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import Any

MODULES = (
    "information.entropy",
    "information.symbol_codes",
    "coding.ans",
    "coding.codecs",
    "coding.fixed_point",
    "coding.lanes",
    "coding.tabled_ans",
    "coding.tables",
    "inference.elbo",
    "inference.expectation_maximization",
    "inference.gradients",
    "inference.mean_field",
    "inference.semi_implicit",
    "models.discrete_vae",
    "models.mlp",
    "models.vae",
    "compression.byte_strings",
    "compression.integer_network",
    "compression.latent_codec",
    "compression.lossless",
)
"""The modules of this package that have a namesake in `reference`."""


def warmup() -> None:
    """Compile what compressing and decompressing need, or read it from numba's cache.

    Otherwise the first call of each kernel pays for this, which matters where calls are timed.
    A model with a network that binary32 cannot carry (INN-5) compiles its kernels itself.
    """
    import numpy as np

    from fast.compression.byte_strings import compress_bytes, decompress_bytes
    from fast.compression.lossless import decode_chunk, encode_chunk
    from reference.compression.integer_network import IntegerLayer, IntegerNetwork
    from reference.compression.latent_codec import LatentModel

    def network(outputs: int, limit: int) -> IntegerNetwork:
        layer = IntegerLayer(
            np.ones((1, outputs), np.int64), np.zeros(outputs, np.int64), 1, 0
        )
        return IntegerNetwork((layer,), limit, 0, 8)

    model = LatentModel(network(2, 1), network(1, 3), 8)
    decode_chunk(model, encode_chunk(model, np.zeros((9, 1), np.uint8)))
    for data in (bytes(256), bytes(range(256))):  # one is coded, the other copied
        decompress_bytes(compress_bytes(data))


def __getattr__(name: str) -> Any:
    if not name.startswith("_"):
        for module in map(_import, MODULES):
            if name in module.__all__:
                return getattr(module, name)
    raise AttributeError(f"module 'fast' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *(name for m in map(_import, MODULES) for name in m.__all__)})


def _import(module: str) -> ModuleType:
    return importlib.import_module(f"fast.{module}")


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
