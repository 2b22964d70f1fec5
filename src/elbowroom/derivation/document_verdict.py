"""What is said of a document: a verdict for each link, and how many there are of each."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Literal

from elbowroom.derivation.check_verdict import Counterexample, Instance

Judgement = Literal["holds", "fails", "undecided", "not-understood"]
Kind = Literal["identity", "inequality", "definition", "condition", "solution", "statement"]


@dataclass(frozen=True)
class LinkVerdict:
    """The verdict on one link.

    **Arguments.** `left` and `right` are the sides as they were understood, in the plain notation, or as written where
    they were not. `kind` says as what the link is judged: a definition and a condition hold by what they say, and
    `reason` says how. `correction` is the smallest change found that makes a false link true.
    """

    line: int
    relation: str
    left: str
    right: str
    verdict: Judgement
    kind: Kind
    reason: str
    proof: Literal["normal-form", "instances"] | None = None
    counterexample: Counterexample | Instance | None = None
    correction: str | None = None
    hypotheses: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The entry of the link in the JSON document of `elbowroom check`."""
        return {
            "line": self.line,
            "left": self.left,
            "right": self.right,
            "relation": self.relation,
            "verdict": self.verdict,
            "kind": self.kind,
            "proof": self.proof,
            "counterexample": self.counterexample.to_json() if self.counterexample else None,
            "reason": self.reason,
            "correction": self.correction,
            "hypotheses": list(self.hypotheses),
        }

    def __str__(self) -> str:
        kind = f" ({self.kind})" if self.kind not in ("identity", "inequality") else ""
        lines = [
            f"line {self.line}: {self.left} {self.relation} {self.right}",
            f"  {self.verdict}{kind}: {self.reason}",
        ]
        if self.correction:
            lines.append(f"  what would hold: {self.correction}")
        if self.counterexample:
            lines.append(str(self.counterexample))
        return "\n".join(lines)


@dataclass(frozen=True)
class DocumentVerdict:
    """The verdicts on the links of a document, in its order."""

    file: str
    links: tuple[LinkVerdict, ...]
    notes: tuple[str, ...] = ()
    summary: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "summary", dict(Counter(link.verdict for link in self.links)))

    def to_json(self) -> dict[str, Any]:
        """The JSON document of `elbowroom check FILE`."""
        links = [link.to_json() for link in self.links]
        return {"file": self.file, "links": links, "summary": self.summary, "notes": list(self.notes)}

    def __str__(self) -> str:
        counts = ", ".join(f"{count} {verdict}" for verdict, count in self.summary.items())
        noun = "link" if len(self.links) == 1 else "links"
        ending = f"{self.file}: {len(self.links)} {noun}{f' ({counts})' if counts else ''}"
        return "\n".join([*self.notes, *(str(link) for link in self.links), ending])
