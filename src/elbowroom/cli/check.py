"""`elbowroom check "LEFT = RIGHT"` and `elbowroom check FILE.md`: is it true?"""

import argparse
import pathlib

from elbowroom.cli.output import print_json
from elbowroom.errors import InputError

STATUS = {"holds": 0, "fails": 1, "undecided": 3, "not-understood": 3}
DOCUMENTS = (".md", ".markdown", ".tex")
_LONGEST_PATH = 1000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The statement or the document."""
    parser.add_argument(
        "statement",
        metavar="STATEMENT",
        help='"LEFT = RIGHT" or "LEFT >= RIGHT", in the plain notation or in LaTeX; or a file FILE.md, FILE.tex',
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the verdict; the exit status is 0 where all holds, 1 where something fails, 3 where it is undecided."""
    text = arguments.statement
    if _is_document(text):
        from elbowroom.derivation.document import check_document

        document = check_document(text)
        answer, verdicts = document, set(document.summary)
    else:
        answer = _one(text)
        verdicts = {answer.verdict}
    if arguments.json:
        print_json(answer.to_json())
    else:
        print(answer)
    return 1 if "fails" in verdicts else max((STATUS[verdict] for verdict in verdicts), default=0)


def _one(text: str):
    if "\\" in text:
        from elbowroom.derivation.document import check_latex

        return check_latex(text)
    from elbowroom.derivation.check import check

    return check(text)


def _is_document(text: str) -> bool:
    if len(text) > _LONGEST_PATH or "\n" in text or "\0" in text:
        return False
    if text.endswith(DOCUMENTS):
        return True
    is_file = pathlib.Path(text).is_file()
    if is_file and text.endswith((".toml", ".pdf", ".ipynb", ".html", ".docx")):
        raise InputError(f"{text} is not a document that check reads. Give a Markdown file (.md) or LaTeX (.tex).")
    if not is_file and pathlib.Path(text).is_dir():
        raise InputError(f"{text} is a folder. Give a statement, a Markdown file (.md) or LaTeX (.tex).")
    return is_file
