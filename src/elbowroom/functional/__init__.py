"""The language: expressions, laws, functionals and problems, in pure Python."""

from elbowroom.functional import latex as latex
from elbowroom.functional import text as text
