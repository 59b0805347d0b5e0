"""Question games: whoever plays by a strategy writes a prefix code with the answers.

Spec: SYM-12.
Source: S. Srivatsan, P. Protopapas, "A tour of variational inference", CS109B (2019), the
section "Understanding cross entropy".
"""

from reference.errors import DistributionError
from reference.information.symbol_codes.prefix_code import Code, Codeword

__all__ = ["Strategy", "strategy_code"]

Strategy = int | tuple["Strategy", ...]
"""The symbol that is known at last; or a question, as the strategies after its answers."""


def strategy_code(strategy: Strategy) -> Code:
    """Return the answers that lead to each symbol: answer ``k`` is the digit ``k``.

    Spec: SYM-12. The symbols are 0 up to the largest that is named; one that is not named
    has no codeword.

    Raises:
        DistributionError: a symbol is negative or named twice, or a question has no answers.
    """
    found: dict[int, Codeword] = {}
    open_questions: list[tuple[Strategy, Codeword]] = [(strategy, ())]
    while open_questions:
        node, answers = open_questions.pop()
        if isinstance(node, tuple):
            if not node:
                raise DistributionError(f"the question after the answers {answers} has none")
            open_questions += [(after, (*answers, k)) for k, after in enumerate(node)]
        elif node < 0 or node in found:
            raise DistributionError(f"symbol {node} is negative or named twice")
        else:
            found[node] = answers
    return tuple(found.get(symbol) for symbol in range(max(found) + 1))
