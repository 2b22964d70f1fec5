"""What can go wrong for a user, as two types; everything else that is raised is a defect of the program.

A message is one paragraph: what happened, where, why, and what to do about it. The command line turns
`InputError` into exit status 2 and `Refused` into exit status 3.
"""


class InputError(ValueError):
    """Something that was given cannot be used: a formula, a file, a setting, an array."""


class FormulaError(InputError):
    """A formula that cannot be read, with the place where reading stopped.

    **Arguments.** `reason` says what is wrong and what to do; `text` is the formula as given;
    `position` is the index in `text` of the offending character. The message shows the formula with
    a caret under that character.
    """

    def __init__(self, reason: str, text: str, position: int):
        self.reason = reason
        self.text = text
        self.position = position
        start = max(0, position - 60)
        excerpt = "".join(shown if shown.isprintable() else " " for shown in text[start : position + 40])
        caret = " " * (position - start) + "^"
        super().__init__(f"{reason}\n    {excerpt}\n    {caret}")


class MissingRule(InputError, NotImplementedError):
    """An operation met a kind of expression for which it has no rule; the message names both."""


class Refused(Exception):
    """A well-posed question whose answer does not exist or cannot be had honestly, with the reason."""
