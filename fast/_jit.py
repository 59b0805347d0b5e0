"""The one decorator of all kernels: the numba options and the disk cache, with their reasons.

Nothing compiles here or at import: a kernel compiles at its first call, for the types of that
call, and is then read back from numba's disk cache by later processes.

numba trusts an entry of that cache as long as the file that *defines* the kernel is unchanged.
It does not look at the helpers and constants that the kernel takes from other files, nor at
switches such as ``NUMBA_BOUNDSCHECK``, so after an upgrade it would run the old code without a
word. Here each entry also bears a digest of all that can change the code.
"""

import contextlib
import functools
import hashlib
import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, overload

import numba

__all__ = ["kernel"]

PACKAGES = ("reference", "fast")
"""Kernels take their constants from either package, so the sources of both are digested."""

SETTINGS = (
    "BOUNDSCHECK",
    "CPU_FEATURES",
    "CPU_NAME",
    "DEBUGINFO_DEFAULT",
    "DISABLE_INTEL_SVML",
    "DISABLE_JIT",
    "ENABLE_AVX",
    "LLVM_REFPRUNE_PASS",
    "LOOP_VECTORIZE",
    "OPT",
    "SLP_VECTORIZE",
)
"""The settings of numba, from its environment variables, that change the code of a kernel."""


@overload
def kernel(func: Callable[..., Any], /) -> Callable[..., Any]: ...
@overload
def kernel(**options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]: ...
def kernel(func: Callable[..., Any] | None = None, /, **options: Any) -> Callable[..., Any]:
    """Compile a function with numba at its first call; with the JIT off, return it as it is.

    The GIL is released, so that chunks run in parallel threads. Division by zero gives what
    numpy gives and not an exception, for the check costs a branch a division: the wrapper has
    checked its divisors.

    Args:
        func: the function; its arguments are scalars and C-contiguous arrays.
        options: further options of ``numba.njit``, such as a narrow ``fastmath``.
    """
    if func is None:
        return functools.partial(kernel, **options)
    dispatcher: Callable[..., Any] = numba.njit(nogil=True, error_model="numpy", **options)(
        func
    )
    if dispatcher is not func:
        _cache_on_disk(dispatcher, func)
    return dispatcher


def _cache_on_disk(dispatcher: Any, func: Callable[..., Any]) -> None:
    """Attach a stamped disk cache, or none at all.

    numba has no public way to stamp a cache. It is therefore made and stamped first and
    attached last: whatever goes wrong before that leaves the dispatcher without one.
    """
    # Any error: an attribute that numba has renamed, no directory that can be written, ...
    with contextlib.suppress(Exception):
        caching: Any = importlib.import_module("numba.core.caching")
        cache = caching.FunctionCache(func)
        file = cache._cache_file
        stamp = _stamp()
        file._source_stamp = (file._source_stamp, stamp)
        # Two processes with different stamps share the index and may interleave, but by their
        # names they never read each other's code.
        file._data_name_pattern = f"{stamp[:16]}.{file._data_name_pattern}"
        # From here on, what fails costs the cache and not the call: an entry that is broken, a
        # disk that is full.
        cache.load_overload = _or_none(cache.load_overload)
        cache.save_overload = _or_none(cache.save_overload)
        dispatcher._cache = cache


def _or_none(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(*args: Any) -> Any:
        with contextlib.suppress(Exception):
            return function(*args)
        return None

    return call


@functools.cache
def _stamp() -> str:
    """Return a digest of the sources of both packages, numba's version and its settings.

    Raises:
        FileNotFoundError: the sources cannot be read (in a zip file), so there is no digest.
    """
    root = Path(__file__).parent.parent
    paths = sorted(p for name in PACKAGES for p in (root / name).rglob("*.py"))
    if Path(__file__) not in paths:
        raise FileNotFoundError(__file__)
    settings = [(name, str(getattr(numba.config, name, None))) for name in SETTINGS]
    digest = hashlib.sha256(repr((numba.__version__, settings)).encode())
    for path in paths:
        digest.update(repr((path.relative_to(root).as_posix(), path.stat().st_size)).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
