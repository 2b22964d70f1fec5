"""The whole road through the command line: train, certify, report, on a model of a few units."""

import json
import shutil

import numpy as np
import pytest

from cli.runs import as_users_run, contents_of, train_small
from elbowroom.cli.main import main
from elbowroom.report.certificate_file import is_current, read_certificate


def call(words: list[str]) -> int:
    with as_users_run():
        return main(words)


def test_the_json_of_run_says_what_was_certified(whole):
    certificate = whole[1]["certificate"]
    assert (certificate["objective"], certificate["data"], certificate["split"]) == ("elbo", "digits", "test")
    assert (certificate["n"], certificate["level"], len(certificate["kl_per_dimension"])) == (6, 0.95, 2)


def test_every_end_of_every_interval_has_a_kind(whole):
    _, answer = whole
    for block in (answer["certificate"], answer["certificate"]["simulated"]):
        for name in ("log_evidence", "gap"):
            for end in ("lower", "upper"):
                assert (block[name][end] is None) == (block[name][f"{end}_kind"] is None)
                assert block[name][f"{end}_kind"] in ("exact", "strict", "asymptotic", None)
    assert answer["certificate"]["latent_dimensions"] == 2
    for block in (answer["certificate"], answer["certificate"]["simulated"]):
        assert block["log_evidence"]["upper_kind"] == "exact", "two latents are integrated over"
        assert block["gap"]["upper_kind"] == "asymptotic", "the ELBO is sampled"


def test_the_run_folder_holds_what_the_interface_says(whole):
    folder, answer = whole
    names = {path.name for path in folder.iterdir()}
    assert {
        "config.json", "weights.safetensors", "state.safetensors", "metrics.jsonl", "certificate.json", "report.html",
        "figures",
    } <= names  # fmt: skip
    assert not [name for name in names if name.startswith(".") or name.endswith(("temporary", "partial"))]
    assert json.loads((folder / "certificate.json").read_text()) == answer["certificate"]


def test_the_page_shows_the_numbers_of_the_certificate(whole):
    folder, answer = whole
    text = (folder / "report.html").read_text(encoding="utf-8")
    elbo = f"{answer['certificate']['elbo']['mean']:.2f}".replace("-", "−")
    assert elbo in text
    assert "the original" in text
    assert len(text) < 3_000_000


def test_d04_means_are_means_of_the_values_of_each_datum(whole):
    folder, answer = whole
    with np.load(folder / "certificate.npz", allow_pickle=False) as found:
        arrays = {name: found[name] for name in found.files}
    assert arrays["datum"].shape == (6,)
    assert len(set(arrays["datum"])) == 6
    assert arrays["datum"].max() < 270
    assert arrays["elbo"].mean() == pytest.approx(answer["certificate"]["elbo"]["mean"], abs=1e-9)
    assert arrays["simulated_elbo"].mean() == pytest.approx(
        answer["certificate"]["simulated"]["elbo"]["mean"], abs=1e-9
    )


def test_the_same_seed_gives_the_same_certificate_and_page(whole, tmp_path, capsys):
    folder, answer = whole
    again = tmp_path / "digits"
    shutil.copytree(folder, again)
    arrays = tmp_path / "arrays.npz"
    assert call(["certify", str(again), "-n", "6", "--per-datum", str(arrays), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {**found, "seconds": 0} == {**answer["certificate"], "seconds": 0}
    assert arrays.read_bytes() == (again / "certificate.npz").read_bytes()
    assert call(["certify", str(again), "-n", "6", "--seed", "5", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["elbo"] != answer["certificate"]["elbo"]


def test_certify_speaks_to_people(whole, tmp_path, capsys):
    folder, _ = whole
    again = tmp_path / "digits"
    shutil.copytree(folder, again)
    assert call(["certify", str(again), "-n", "6", "--flow"]) == 0
    said = capsys.readouterr()
    assert "planar flow wins" in said.out
    assert said.err == ""
    assert "Real data: 6 of digits, split test" in said.out
    assert "Simulated: 6 data drawn from the model itself" in said.out
    assert "lower end strict" in said.out


def test_a_report_without_a_certificate_says_so(finished_run, tmp_path, capsys):
    folder = tmp_path / "digits"
    shutil.copytree(finished_run, folder)
    assert call(["report", str(folder), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"report": str(folder / "report.html")}
    assert "Not certified yet" in (folder / "report.html").read_text(encoding="utf-8")


def test_a_certificate_of_other_weights_is_not_shown(whole, finished_run, tmp_path, capsys):
    folder = tmp_path / "digits"
    shutil.copytree(whole[0], folder)
    certificate = read_certificate(folder)
    assert certificate is not None
    assert is_current(folder, certificate)
    (folder / "certificate.json").write_text(json.dumps({**certificate, "weights_sha256": "of another training"}))
    assert call(["report", str(folder)]) == 0
    text = (folder / "report.html").read_text(encoding="utf-8")
    assert "about other weights" in text
    assert "Not certified yet" in text
    capsys.readouterr()


def test_a_table_has_a_report_without_pictures(tmp_path, capsys):
    rows = np.random.Generator(np.random.Philox(1)).normal(size=(200, 3)).astype(np.float32)
    np.save(tmp_path / "table.npy", rows)
    folder = train_small(tmp_path / "run", str(tmp_path / "table.npy"), "--batch", "50")
    capsys.readouterr()
    assert call(["report", str(folder)]) == 0
    text = (folder / "report.html").read_text(encoding="utf-8")
    assert "there are no pictures to show" in text
    assert "Columns of the data" in text
    assert "<img" not in text


def test_a_report_changes_nothing_but_itself(finished_run, tmp_path, capsys):
    folder = tmp_path / "digits"
    shutil.copytree(finished_run, folder)
    before = contents_of(folder)
    assert call(["report", str(folder)]) == 0
    first = contents_of(folder)
    assert {name: first[name] for name in before} == before
    assert call(["report", str(folder)]) == 0
    assert contents_of(folder) == first, "the same folder gives the same page, byte for byte"
    capsys.readouterr()
