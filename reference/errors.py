"""Every way to be wrong, one class each; all of them are `SpecError`.

A caller can cause these errors, so they are exceptions; what only this project could
cause is an ``assert``. Messages state the values.
"""

__all__ = [
    "DataError",
    "DistributionError",
    "FormatError",
    "IntervalError",
    "LowerBoundError",
    "MessageExhausted",
    "ModelError",
    "SpecError",
    "SymbolError",
]


class SpecError(ValueError):
    """An input breaks a clause of SPEC.md."""


class DistributionError(SpecError):
    """Numbers that are no probability distribution, no samples of one, or no base for it."""


class IntervalError(SpecError):
    """Slots that are no interval of ``2**prec`` slots, or not the interval on top."""


class SymbolError(SpecError):
    """A symbol outside the support of its codec."""


class MessageExhausted(SpecError):
    """A pop needs more bits than the message holds."""


class FormatError(SpecError):
    """Bytes that are no valid container, or a valid one that is not what it should be."""


class ModelError(SpecError):
    """A network or model that breaks a rule, or not the model that a file was made with."""


class DataError(SpecError):
    """Data or sizes whose shape, type or range does not fit."""


class LowerBoundError(SpecError):
    """A lower bound that falls where it may not, or that is no number."""
