"""A derivation for people: LaTeX, and HTML with MathML that needs no network."""

from __future__ import annotations

import html
import importlib
import re
from importlib.resources import files
from typing import TYPE_CHECKING

from elbowroom.derivation.typeset import latex_line, pieces
from elbowroom.functional.printing import to_latex, to_text

if TYPE_CHECKING:
    from elbowroom.derivation.steps import Derivation, Step


def derivation_latex(derivation: Derivation) -> str:
    """An `enumerate` with one item for each step, and the optimum; it needs the packages amsmath and amssymb."""
    items = [_latex_step(step) for step in derivation.steps]
    lines = [r"\begin{enumerate}", *items, r"\end{enumerate}"]
    lines += [rf"\[ {part} \]" for part in _answers(derivation)]
    if derivation.reason:
        lines.append(f"{derivation.status.capitalize()}: {latex_words(derivation.reason)}")
    return "\n".join(lines)


def latex_words(text: str) -> str:
    """A sentence for running text, escaped."""
    return text.translate({ord(character): rf"\{character}" for character in "&%$#_{}"}).replace("|", r"\textbar{}")


def derivation_html(derivation: Derivation) -> str:
    """The derivation as an HTML fragment with its own style: for notebooks, and the inside of `derivation_page`."""
    steps = "".join(_html_step(step) for step in derivation.steps)
    answers = "".join(f'<div class="answer">{mathml(part, True)}</div>' for part in _answers(derivation))
    reason = ""
    if derivation.reason:
        reason = f'<p class="reason"><b>{derivation.status}</b>: {html.escape(derivation.reason)}</p>'
    style = files("elbowroom.derivation").joinpath("derivation.css").read_text(encoding="utf-8")
    return f'<style>{style}</style><div class="derivation"><ol>{steps}</ol>{answers}{reason}</div>'


def derivation_page(derivation: Derivation) -> str:
    """The derivation as one HTML page, which needs no network."""
    title = html.escape(to_text(derivation.problem))
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title></head><body>{derivation_html(derivation)}</body></html>\n"
    )


def mathml(latex: str, display: bool = False) -> str:
    """LaTeX as MathML."""
    convert = importlib.import_module("latex2mathml.converter").convert  # 20 ms, for those who display
    spaced = re.sub(r"\\log (?=[a-zA-Z\\])", r"\\log\\, ", latex)  # which TeX does by itself
    return convert(spaced, display="block" if display else "inline")


def _latex_step(step: Step) -> str:
    lines = [rf"\item \textbf{{{latex_words(_sentence(step.rule))}}}", rf"\[ {latex_line(step.before)} \]"]
    if step.after and step.after != step.before:
        lines.append(rf"\[ \Rightarrow\; {latex_line(step.after)} \]")
    lines += [f"Assuming {latex_words(hypothesis)}." for hypothesis in step.hypotheses]
    lines += [
        f"{'Checked' if check.passed else 'Not passed'} ({check.kind}): {latex_words(check.detail)}."
        for check in step.checks
    ]
    return "\n".join(lines)


def _html_step(step: Step) -> str:
    after = ""
    if step.after and step.after != step.before:
        after = f'<div class="line after"><span class="arrow">⇒</span> {_html_line(step.after)}</div>'
    hypotheses = "".join(f'<p class="assuming">assuming {html.escape(one)}</p>' for one in step.hypotheses)
    checks = "".join(
        f'<li class="{"passed" if check.passed else "failed"}">'
        f"{'✓' if check.passed else '✗'} <b>{check.kind}</b> {html.escape(check.detail)}</li>"
        for check in step.checks
    )
    listed = f'<ul class="checks">{checks}</ul>' if checks else ""
    rule = html.escape(_sentence(step.rule))
    before = f'<div class="line">{_html_line(step.before)}</div>'
    return f'<li><p class="rule">{rule}</p>{before}{after}{hypotheses}{listed}</li>'


def _html_line(text: str) -> str:
    return "".join(mathml(part) if is_formula else html.escape(part) for is_formula, part in pieces(text))


def _answers(derivation: Derivation) -> list[str]:
    """The optimum and the value as LaTeX."""
    found = [rf"{latex_line(name)} = {to_latex(optimum)}" for name, optimum in derivation.optima.items()]
    if derivation.table is not None:
        found.append(latex_line(f"optimum: {to_text(derivation.problem.over[0])} as a table of numbers"))
    if derivation.value is not None or derivation.value_number is not None:
        extreme = "minimum" if derivation.problem.sense == "minimise" else "maximum"
        kind = f"{derivation.minimum} {extreme}" if derivation.minimum in ("global", "local") else derivation.minimum
        unique = ", unique" if derivation.unique else ""
        found.append(rf"J = {_value(derivation)} \quad \text{{({kind}{unique})}}")
    return found


def _value(derivation: Derivation) -> str:
    number = derivation.value_number
    if derivation.value is None:
        return f"{number:.12g}"
    if number is not None and len(to_text(derivation.value)) > 160:
        return f"{number:.12g}"
    return to_latex(derivation.value)


def _sentence(rule: str) -> str:
    return f"{rule[:1].upper()}{rule[1:]}"
