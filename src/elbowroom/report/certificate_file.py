"""`certificate.json` of a run folder: written by `certify`, read by `report`, and tied to the weights it is about."""

import contextlib
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from elbowroom.errors import InputError
from elbowroom.training.files import write_json

CERTIFICATE = "certificate.json"
ARRAYS = "certificate.npz"
NEEDED = ("elbo", "log_evidence", "gap", "verdict", "n", "split", "data", "level", "seconds", "gradient_evaluations")


def write_certificate(folder: Path, document: Mapping[str, Any]) -> dict[str, Any]:
    """Write `document` and the SHA-256 of the weights it is about; the answer is what was written."""
    written = {**document, "weights_sha256": _weights_fingerprint(folder)}
    write_json(folder / CERTIFICATE, written)
    return written


def read_certificate(folder: Path) -> dict[str, Any] | None:
    """The certificate of a run folder, or None where there is none.

    **Raises.** `InputError` naming the file, if it is not a certificate.
    """
    path = folder / CERTIFICATE
    if not path.exists():
        return None
    found: dict[str, Any] = {}
    with contextlib.suppress(ValueError, TypeError):
        found = dict(json.loads(path.read_text(encoding="utf-8")))
    missing = [name for name in NEEDED if name not in found]
    if missing:
        raise InputError(
            f"The file {path} is not a certificate: it lacks {', '.join(missing)}. Make it again with "
            f"`elbowroom certify {folder}`."
        )
    return found


def is_current(folder: Path, certificate: Mapping[str, Any]) -> bool:
    """Whether `certificate` is about the weights that the run folder holds now: training may have gone on since."""
    return certificate.get("weights_sha256") == _weights_fingerprint(folder)


def _weights_fingerprint(folder: Path) -> str:
    return hashlib.sha256((folder / "weights.safetensors").read_bytes()).hexdigest()
