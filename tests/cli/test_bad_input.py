"""Whatever a user can get wrong: status 2, one paragraph that says what, where and what to do; nothing is changed."""

import json
import shutil

import numpy as np
import pytest

from cli.runs import SMALL, as_users_run, contents_of
from elbowroom.cli import certify
from elbowroom.cli.main import main
from elbowroom.training.run_folder import load_run

GENERATOR = np.random.Generator(np.random.Philox(3))
ROWS = GENERATOR.random((60, 6)).astype(np.float32)


def with_value(row: int, column: int, value: float) -> np.ndarray:
    rows = ROWS.copy()
    rows[row, column] = value
    return rows


def refuses(capsys, folder, words: list[str], parts: list[str]) -> None:
    before = contents_of(folder)
    with as_users_run():
        status = main(words)
    said = capsys.readouterr()
    assert status == 2, said.err
    assert said.out == ""
    flat = " ".join(said.err.split())
    for part in parts:
        assert part in flat
    assert "\n\n" not in said.err.strip()
    assert "Traceback" not in said.err
    assert len(flat) > 60
    assert contents_of(folder) == before


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder, which is the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def save_text(folder):
    (folder / "text.npy").write_text("these are words, not numbers\n")


def save_cut(folder):
    np.save(folder / "cut.npy", ROWS)
    whole = (folder / "cut.npy").read_bytes()
    (folder / "cut.npy").write_bytes(whole[: len(whole) // 2])


def save_objects(folder):
    np.save(folder / "objects.npy", np.array([{"a": 1}, None], dtype=object), allow_pickle=True)


def save_mismatched(folder):
    np.savez(folder / "pairs.npz", x=ROWS, labels=np.zeros(59, int))


def save(name: str, array: np.ndarray):
    return lambda folder: np.save(folder / name, array)


def nothing(folder):
    pass


def save_empty(folder):
    (folder / "empty.npy").touch()
    (folder / "empty.npz").touch()


def write(name: str, contents: bytes):
    return lambda folder: (folder / name).write_bytes(contents)


DATA = {
    "missing file": (nothing, ["missing.npy"], ["missing.npy"]),
    "not an array": (save_text, ["text.npy"], ["text.npy"]),
    "truncated array": (save_cut, ["cut.npy"], ["cut.npy", "truncated"]),
    "a pickle": (save_objects, ["objects.npy"], ["objects.npy", "pickle"]),
    "NaN": (save("nan.npy", with_value(7, 3, np.nan)), ["nan.npy"], ["nan.npy", "7", "3", "NaN"]),
    "infinity": (save("inf.npy", with_value(9, 5, -np.inf)), ["inf.npy"], ["inf.npy", "9", "5", "infin"]),
    "wrong range for Bernoulli": (
        save("wide.npy", with_value(4, 2, 3.5)),
        ["wide.npy", "--likelihood", "bernoulli"],
        ["row 0, column 0", "to 3.5", "--likelihood gaussian"],
    ),
    "grey pixels for Bernoulli": (
        nothing,
        ["digits", "--likelihood", "bernoulli", "--binarise", "none"],
        ["dynamic"],
    ),
    "fewer rows than a batch": (nothing, ["digits", "--batch", "5000"], ["1257 rows", "5000", "--batch"]),
    "labels that do not match": (save_mismatched, ["pairs.npz"], ["pairs.npz", "59", "60"]),
    "unknown option": (nothing, ["digits", "--epohcs", "3"], ["--epohcs", "Did you mean '--epochs'?"]),
    "an option like no other": (nothing, ["digits", "--bogus"], ["There is no option '--bogus' here. `elbowroom"]),
    "unknown objective": (nothing, ["digits", "--objective", "elbow"], ["elbow", "elbo"]),
    "unknown likelihood": (nothing, ["digits", "--likelihood", "bernouli"], ["bernouli", "Did you mean 'bernoulli'?"]),
    "unknown binarisation": (nothing, ["digits", "--binarise", "dynamc"], ["dynamc", "Did you mean 'dynamic'?"]),
    "unknown gradient": (nothing, ["digits", "--gradient", "pathwize"], ["pathwize", "pathwise"]),
    "an empty file": (save_empty, ["empty.npy"], ["empty.npy is empty", "numpy.save"]),
    "an empty archive": (save_empty, ["empty.npz"], ["empty.npz is empty"]),
    "one number": (save("one.npy", np.float32(3)), ["one.npy"], ["one.npy has shape ()", "one row per datum"]),
    "complex numbers": (save("c.npy", ROWS + 1j), ["c.npy"], ["c.npy holds complex numbers, not real numbers"]),
    "numbers too large": (
        save("h.npy", ROWS.astype(float) * 1e300),
        ["h.npy"],
        ["too large", "row 0, column 0", "Rescale"],
    ),
    "a name in other letters": (nothing, ["数字.npy"], ["数字.npy", "What is read now"]),
    "a config with an unknown setting": (
        write("c.toml", b"[training]\nepohcs = 3\n"),
        ["digits", "--config", "c.toml"],
        ["no setting 'training.epohcs'", "Did you mean 'training.epochs'?"],
    ),
    "a config with an unknown section": (
        write("c.toml", b"[trainning]\nepochs = 3\n"),
        ["digits", "--config", "c.toml"],
        ["Did you mean 'training'?"],
    ),
    "a config without sections": (
        write("c.toml", b"model = 3\n"),
        ["digits", "--config", "c.toml"],
        ["'model' is a section", "under [model]"],
    ),
    "a config from a newer version": (
        write("c.toml", b"format = 2\n[training]\nepochs = 3\n"),
        ["digits", "--config", "c.toml"],
        ["c.toml says format = 2", "formats up to 1", "Install a newer elbowroom"],
    ),
    "a null byte": (nothing, ["digits", "--config", "a\0b"], ["'a\\x00b' holds a null byte"]),
    "a negative beta": (nothing, ["digits", "--beta", "-1"], ["beta is -1", "0 or more", "no largest value"]),
    "a config that is not text": (
        write("c.toml", b"\xff\xfe[training]"),
        ["digits", "--config", "c.toml"],
        ["c.toml is not valid TOML"],
    ),
    "a config that is not TOML": (
        write("c.toml", b"[training\n"),
        ["digits", "--config", "c.toml"],
        ["c.toml is not valid TOML", "line 1"],
    ),
    "a config that is a folder": (
        lambda folder: (folder / "c.toml").mkdir(),
        ["digits", "--config", "c.toml"],
        ["c.toml cannot be read"],
    ),
    "unknown data": (nothing, ["digit"], ["digit", "Did you mean digits"]),
}


@pytest.mark.parametrize("command", ["train", "run"])
@pytest.mark.parametrize(("prepare", "words", "parts"), DATA.values(), ids=DATA.keys())
def test_bad_data_and_settings(command, prepare, words, parts, here, capsys):
    prepare(here)
    small = [] if "--batch" in words else SMALL
    refuses(capsys, here, [command, *words, "--out", "run", *(["--latent", "2"] if not small else _few(small))], parts)


def test_a_model_beyond_all_memory(here, capsys):
    words = ["train", "digits", "--out", "run", "--hidden", "4", "--latent", str(10**13)]
    refuses(capsys, here, words, ["memory of this machine does not suffice", "smaller model"])


def _few(small: list[str]) -> list[str]:
    """The small settings, with a batch that sixty rows allow."""
    return ["16" if word == "400" else word for word in small]


@pytest.mark.parametrize("command", ["train", "run"])
def test_an_output_folder_that_exists(command, here, capsys):
    (here / "run").mkdir()
    (here / "run" / "thesis.txt").write_text("years of work")
    refuses(capsys, here, [command, "digits", "--out", "run", *SMALL], ["run exists already", "another folder"])


@pytest.mark.parametrize("command", ["train", "run"])
def test_a_run_folder_that_exists(command, here, finished_run, capsys):
    shutil.copytree(finished_run, here / "run")
    refuses(capsys, here, [command, "digits", "--out", "run", *SMALL], ["run exists already", "--resume", "--out"])


READERS = {
    "certify": ["certify", "run"],
    "report": ["report", "run"],
    "sample": ["sample", "run", "-n", "3", "--out", "samples.npz"],
    "encode": ["encode", "run", "digits", "--out", "latents.npz"],
    "reconstruct": ["reconstruct", "run", "digits", "--out", "back.npz"],
}


def remove_all(run):
    shutil.rmtree(run)


def remove_config(run):
    (run / "config.json").unlink()


def cut_weights(run):
    whole = (run / "weights.safetensors").read_bytes()
    (run / "weights.safetensors").write_bytes(whole[: len(whole) - 100])


def alter_weights(run):
    whole = bytearray((run / "weights.safetensors").read_bytes())
    whole[-9] ^= 1
    (run / "weights.safetensors").write_bytes(bytes(whole))


def newer_config(run):
    config = json.loads((run / "config.json").read_text())
    config["format"] = 99
    config["versions"]["elbowroom"] = "9.9.0"
    (run / "config.json").write_text(json.dumps(config))


def broken_config(run):
    (run / "config.json").write_text((run / "config.json").read_text()[:-20])


def half_a_config(run):
    config = json.loads((run / "config.json").read_text())
    del config["dataset"]
    (run / "config.json").write_text(json.dumps(config))


DAMAGES = {
    "no such folder": (remove_all, ["no run folder run"]),
    "not a run folder": (remove_config, ["is not a run folder", "config.json"]),
    "truncated weights": (cut_weights, ["weights.safetensors is damaged", "cut short"]),
    "altered weights": (alter_weights, ["weights.safetensors is damaged", "checksum"]),
    "newer config": (newer_config, ["format 99", "9.9.0", "newer"]),
    "broken config": (broken_config, ["config.json is damaged"]),
    "half a config": (half_a_config, ["config.json lacks dataset"]),
}


@pytest.mark.parametrize("words", READERS.values(), ids=READERS.keys())
@pytest.mark.parametrize(("damage", "parts"), DAMAGES.values(), ids=DAMAGES.keys())
def test_a_run_folder_that_cannot_be_used(words, damage, parts, here, finished_run, capsys):
    shutil.copytree(finished_run, here / "run")
    damage(here / "run")
    refuses(capsys, here, words, parts)


CERTIFY = {
    "no data": (["-n", "0"], ["-n is 0", "at least 2"]),
    "unknown split": (["--split", "tset"], ["--split cannot be 'tset'", "Did you mean 'test'?"]),
    "too few data": (["-n", "1"], ["-n is 1", "at least 2"]),
    "not a level": (["--level", "95"], ["--level is 95", "such as 0.95"]),
    "not a width": (["--width", "0"], ["--width is 0", "positive number of nats"]),
    "not a budget": (["--width", "1", "--budget", "0"], ["--budget is 0"]),
    "not a seed": (["--seed", "-1"], ["--seed is -1", "between 0 and"]),
    "not an .npz file": (["--per-datum", "arrays.csv"], ["arrays.csv", ".npz"]),
    "a file that exists": (["--per-datum", "kept.npz"], ["kept.npz exists already"]),
    "no folder for the file": (["--per-datum", "nowhere/arrays.npz"], ["no folder nowhere"]),
    "other data of another shape": (["--data", "narrow.npy"], ["narrow.npy", "6", "64"]),
    "other data that are missing": (["--data", "missing.npy"], ["missing.npy"]),
    "other data of another range": (["--data", "wide.npy"], ["wide.npy", "0 to 16"]),
}


@pytest.mark.parametrize(("words", "parts"), CERTIFY.values(), ids=CERTIFY.keys())
def test_a_certificate_that_cannot_be_made(words, parts, here, finished_run, capsys):
    np.save(here / "narrow.npy", ROWS)
    np.save(here / "wide.npy", 90 * GENERATOR.random((60, 64)))
    np.savez(here / "kept.npz", x=ROWS)
    shutil.copytree(finished_run, here / "run")
    refuses(capsys, here, ["certify", "run", *words], parts)


def test_a_certificate_of_more_data_than_there_are_takes_all(finished_run):
    with as_users_run():
        run = load_run(finished_run)
        index, x = certify._chosen(run, run.dataset(), run.preparation, "test", 10**9, seed=0)
    assert index.tolist() == list(range(270))
    assert x.shape == (270, 64)


def test_more_samples_than_memory_holds(here, finished_run, capsys):
    shutil.copytree(finished_run, here / "run")
    words = ["sample", "run", "-n", str(10**12), "--out", "s.npz"]
    refuses(capsys, here, words, ["-n is 1000000000000", "GiB", "Draw fewer at a time"])


@pytest.mark.parametrize("words", [["sample", "run"], ["encode", "run", "digits"], ["reconstruct", "run", "digits"]])
def test_a_seed_beyond_32_bits(words, here, finished_run, capsys):
    shutil.copytree(finished_run, here / "run")
    refuses(capsys, here, [*words, "--out", "s.npz", "--seed", str(2**32)], ["--seed is 4294967296", "between 0 and"])


def test_a_report_of_a_damaged_certificate(here, finished_run, capsys):
    shutil.copytree(finished_run, here / "run")
    (here / "run" / "certificate.json").write_text('{"elbo": 3}')
    refuses(capsys, here, ["report", "run"], ["certificate.json is not a certificate", "elbowroom certify run"])


FORMULAS = {
    "derive, a typo": (["derive", "KL(q(z|x) || p(z|x)"], ["KL(q(z|x) || p(z|x)", "^"]),
    "check, a typo": (["check", "log p(x) = E_q(z|x)[log p(x,z"], ["^"]),
    "check, no equality": (["check", "log p(x)"], ["="]),
    "derive, a page of another kind": (["derive", "neg-elbo", "--html", "d.txt"], ["--html is d.txt", ".html"]),
    "derive, a page nowhere": (["derive", "neg-elbo", "--html", "no/d.html"], ["There is no folder no"]),
    "derive, an unknown preset": (["derive", "neg-elbo"], ["elbo"]),
    "derive, an unknown option": (["derive", "--lst"], ["--lst", "Did you mean '--list'?"]),
    "check, a missing document": (["check", "missing.md"], ["missing.md"]),
    "an unknown command": (["trian", "digits"], ["'trian'", "Did you mean 'train'?"]),
}


@pytest.mark.parametrize(("words", "parts"), FORMULAS.values(), ids=FORMULAS.keys())
def test_formulas_and_commands(words, parts, here, capsys):
    refuses(capsys, here, words, parts)


def test_the_caret_is_under_the_typo(here, capsys):
    formula = "KL(q(z|x) || p(z|x) + 3 $ 4)"
    assert main(["derive", formula]) == 2
    lines = capsys.readouterr().err.splitlines()
    shown = next(index for index, line in enumerate(lines) if "^" in line)
    assert lines[shown - 1][lines[shown].index("^")] == "$"
