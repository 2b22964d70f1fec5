"""How an expression is shown: `to_text` for the plain notation, `to_latex` for the notation of papers.

Both are generic functions with one rule per kind of node; the rules stand in `text.py` and `latex.py`.
"""

from __future__ import annotations

from functools import singledispatch
from typing import Any

from elbowroom.errors import MissingRule


@singledispatch
def to_text(node: Any) -> str:
    """`node` in the plain notation, which `parse` reads back.

    **Raises.** `MissingRule` for a kind of node without a rule.
    """
    raise MissingRule(f"no text rule for {type(node).__name__}; add one in functional/text.py")


@singledispatch
def to_latex(node: Any) -> str:
    """`node` in LaTeX, for use inside maths mode.

    **Raises.** `MissingRule` for a kind of node without a rule.
    """
    raise MissingRule(f"no LaTeX rule for {type(node).__name__}; add one in functional/latex.py")
