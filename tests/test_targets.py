"""One stream on every processor: with vectors, with older ones, and with none."""

import platform
import re

import pytest

SCRIPT = """
import hashlib
import numpy as np
import fast.coding.lanes as lanes
from fast.coding._vector import VECTORS

rng = np.random.default_rng(1)
freqs = np.r_[np.arange(1, 100), 2**14 - 4950]
symbols = rng.choice(100, 5000, p=freqs / 2**14).astype(np.uint8)
words = lanes.encode_static(symbols, freqs, lanes=32)
assert (lanes.decode_static(words, freqs, symbols.size, lanes=32) == symbols).all()
ones = rng.integers(1, 2**14, 5000).astype(np.uint16)
bits = (rng.random(5000) * 2**14 < ones).astype(np.uint8)
stream = lanes.encode_bernoullis(bits, ones, 14, lanes=64)
assert (lanes.decode_bernoullis(stream, ones, 14, lanes=64) == bits).all()
print("digest", hashlib.sha256(words.tobytes() + stream.tobytes()).hexdigest())
print("vectors", VECTORS)
for name in ("encode_static", "decode_static", "encode_bernoullis", "decode_bernoullis"):
    kernel = getattr(lanes, name + "_kernel")
    for assembly in getattr(kernel, "inspect_asm", dict)().values():
        print(assembly)
"""


@pytest.fixture(scope="module")
def run_on(printed_by, tmp_path_factory):
    """Return the digest of the streams, whether there were vectors, and the assembly."""

    def run(**environment: str) -> tuple[str, bool, str]:
        cache = str(
            tmp_path_factory.mktemp("cache")
        )  # what comes from a cache has no assembly
        printed = printed_by(SCRIPT, NUMBA_CACHE_DIR=cache, **environment)
        digest, vectors = re.match(r"digest (\w+)\nvectors (\w+)\n", printed).groups()
        return digest, vectors == "True", printed

    return run


@pytest.fixture(scope="module")
def plain(run_on) -> str:
    """The digest of the streams that plain Python makes."""
    digest, vectors, assembly = run_on(NUMBA_DISABLE_JIT="1")
    assert not vectors
    assert "pshufb" not in assembly
    return digest


@pytest.mark.spec("LAN-6", "LAN-8")
def test_this_processor(run_on, plain) -> None:
    assert run_on()[0] == plain


@pytest.mark.spec("LAN-6", "LAN-8")
@pytest.mark.skipif(
    platform.machine().lower() not in ("x86_64", "amd64"), reason="for x86-64 processors"
)
@pytest.mark.parametrize(
    ("name", "features", "present", "absent"),
    [
        ("haswell", "", r"\bvpshufb\b.*xmm", r"%zmm"),
        ("nehalem", "", r"\bpshufb\b", r"%ymm"),
        ("x86-64", "", None, r"pshufb|%ymm"),
        ("x86-64", "+ssse3", r"\bpshufb\b", r"%ymm"),
    ],
    ids=["haswell", "nehalem", "x86-64", "x86-64 with ssse3"],
)
def test_other_processors(run_on, plain, name, features, present, absent) -> None:
    """What the target is said to have is in the assembly, and what it lacks is not."""
    digest, vectors, assembly = run_on(NUMBA_CPU_NAME=name, NUMBA_CPU_FEATURES=features)
    assert digest == plain
    assert vectors == (present is not None)
    assert present is None or re.search(present, assembly)
    assert not re.search(absent, assembly)
    assert "cvttsd2usi" not in assembly, "a counter has become a float"
