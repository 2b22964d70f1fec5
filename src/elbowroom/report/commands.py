"""The commands that make a run again, every setting written out."""

import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from elbowroom.training.run_settings import RunSettings

OPTIONS = {
    ("data", "binarise"): "--binarise",
    ("model", "likelihood"): "--likelihood",
    ("model", "latent"): "--latent",
    ("model", "hidden"): "--hidden",
    ("objective", "formula"): "--objective",
    ("objective", "samples"): "--samples",
    ("objective", "gradient"): "--gradient",
    ("training", "epochs"): "--epochs",
    ("training", "batch"): "--batch",
    ("training", "learning_rate"): "--learning-rate",
    ("training", "patience"): "--patience",
    ("training", "seed"): "--seed",
}


def commands(run: Path, settings: Mapping[str, Any], certificate: Mapping[str, Any] | None) -> tuple[str, ...]:
    """`train`, `certify` and `report`, as one types them, with the settings of a run folder's `config.json`."""
    words = ["elbowroom", "train", str((settings.get("data") or {}).get("source", "DATA")), "--out", str(run)]
    if settings_file(settings):
        words += ["--config", "settings.toml"]
    for (section, name), option in OPTIONS.items():
        value = (settings.get(section) or {}).get(name)
        if value is not None:
            words += [option, ",".join(str(item) for item in value) if isinstance(value, list) else str(value)]
    for name, value in ((settings.get("objective") or {}).get("parameters") or {}).items():
        words += ["--parameter", f"{name}={value}"]
    certify = ["elbowroom", "certify", str(run)]
    if certificate is not None:
        certify += ["--split", certificate["split"], "-n", str(certificate["n"]), "--level", str(certificate["level"])]
        if "seed" in certificate:
            certify += ["--seed", str(certificate["seed"])]
    return shlex.join(words), shlex.join(certify), shlex.join(["elbowroom", "report", str(run)])


def settings_file(settings: Mapping[str, Any]) -> str:
    """The settings that no option carries and that are not the default, as the TOML file `settings.toml`.

    >>> print(settings_file({"model": {"latent": 3, "activation": "relu"}}))
    [model]
    activation = "relu"
    """
    defaults, lines = RunSettings().to_json(), []
    for section, found in settings.items():
        known = defaults.get(section, {})
        rest = {
            name: value
            for name, value in (found or {}).items()
            if (section, name) not in OPTIONS and name not in ("source", "parameters") and value != known.get(name)
        }
        if rest:
            lines += [f"[{section}]", *(f"{name} = {json.dumps(value)}" for name, value in rest.items())]
    return "\n".join(lines)
