"""`sample`, `encode` and `reconstruct`: what they write, and what they refuse."""

import csv
import json
import math

import numpy as np
import pytest
from matplotlib.image import imread

from cli.runs import as_users_run, contents_of, train_small
from elbowroom.cli import certify
from elbowroom.cli.main import main
from elbowroom.data.load import load_dataset
from elbowroom.data.preparation import Preparation
from elbowroom.training.run_folder import load_run

COLUMNS = np.random.Generator(np.random.Philox(5)).normal(size=(60, 3)) * [1.0, 2.0, 5.0] + 10


@pytest.fixture(scope="module")
def columns_run(tmp_path_factory):
    """A run with a Gaussian likelihood on three columns of real numbers, and its data."""
    folder = tmp_path_factory.mktemp("columns")
    np.savez(folder / "columns.npz", x=COLUMNS, labels=np.arange(60) % 2)
    return train_small(folder / "run", str(folder / "columns.npz"), "--batch", "20"), folder / "columns.npz"


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder, which is the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def does(*words) -> int:
    with as_users_run():
        return main([str(word) for word in words])


def arrays(path) -> dict[str, np.ndarray]:
    with np.load(path, allow_pickle=False) as found:
        return {name: found[name] for name in found.files}


def table(path) -> tuple[list[str], np.ndarray]:
    with path.open(newline="") as file:
        head, *rows = csv.reader(file)
    return head, np.array(rows, float)


def test_samples(here, finished_run, capsys):
    assert does("sample", finished_run, "-n", 5, "--out", "s.npz") == 0
    assert "Drew 5 data" in capsys.readouterr().out
    found = arrays(here / "s.npz")
    assert {name: array.shape for name, array in found.items()} == {"x": (5, 8, 8), "mean": (5, 8, 8), "z": (5, 2)}
    assert found["x"].dtype == np.uint8
    assert set(np.unique(found["x"])) == {0, 1}
    assert np.all((found["mean"] > 0) & (found["mean"] < 1))
    assert [entry.name for entry in here.iterdir()] == ["s.npz"]


def test_samples_follow_from_the_seed_and_the_first_do_not_depend_on_how_many(here, finished_run):
    for name, n, seed in (("few", 3, 1), ("many", 7, 1), ("other", 3, 2)):
        assert does("sample", finished_run, "-n", n, "--seed", seed, "--out", f"{name}.npy") == 0
    few, many, other = (np.load(here / f"{name}.npy", allow_pickle=False) for name in ("few", "many", "other"))
    assert np.array_equal(few, many[:3])
    assert not np.array_equal(few, other)


def test_samples_are_data_again(here, finished_run):
    assert does("sample", finished_run, "-n", 6, "--out", "s.npz") == 0
    assert load_dataset("s.npz").levels == 1
    assert does("encode", finished_run, "s.npz", "--out", "z.npz") == 0
    assert arrays(here / "z.npz")["mean"].shape == (6, 2)
    with as_users_run():
        run = load_run(finished_run)
        assert certify._other_data(run, "s.npz")[1] == Preparation("none", 1)


def test_latents(here, finished_run, capsys):
    assert does("encode", finished_run, "digits", "--out", "z.npz") == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "Encoded 1797 data of digits" in said
    assert "Pixels were binarised once, by seed 0." in said
    found = arrays(here / "z.npz")
    assert {name: array.shape for name, array in found.items()} == {
        "mean": (1797, 2),
        "scale": (1797, 2),
        "label": (1797,),
    }
    assert np.all(found["scale"] > 0)
    assert found["label"][:5].tolist() == [0, 1, 2, 3, 4]  # the order of the source


def test_latents_of_a_split_are_those_of_its_own_evaluation(here, finished_run):
    assert does("encode", finished_run, "digits", "--split", "test", "--out", "z.csv") == 0
    head, values = table(here / "z.csv")
    assert head == ["mean_0", "mean_1", "scale_0", "scale_1", "label"]
    assert values.shape == (270, 5)
    with as_users_run():
        run = load_run(finished_run)
        test = run.dataset().test
        x = run.preparation.prepare_fixed(test.rows, seed=run.settings.training.seed, split="test")
        q = run.model.encoder(x[17])
    assert test.labels is not None
    assert values[17, 4] == test.labels[17]
    assert np.allclose(values[17, :2], np.asarray(q.mean), rtol=1e-5, atol=1e-6)
    assert np.allclose(values[17, 2:4], np.sqrt(np.asarray(q.variance)), rtol=1e-5)


def test_refined_latents_are_better_than_the_encoders(here, finished_run, capsys):
    words = ("encode", finished_run, "digits", "--split", "test")
    assert does(*words, "--out", "z.npz") == 0
    capsys.readouterr()
    assert does(*words, "--refine", "--out", "r.npz", "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert said["refined"]["family"] == "diagonal"
    assert said["refined"]["won"] > 5.03 * said["refined"]["stderr"]
    assert 0.0 <= said["refined"]["converged"] <= 1.0
    before, after = arrays(here / "z.npz"), arrays(here / "r.npz")
    assert set(after) == {"mean", "scale", "converged", "elbo", "won", "won_stderr", "label"}
    assert after["mean"].shape == after["scale"].shape == before["mean"].shape
    assert after["mean"].dtype == np.float32
    assert np.all(after["scale"] > 0)
    assert not np.allclose(after["mean"], before["mean"], atol=1e-2)
    assert after["won"].mean() == pytest.approx(said["refined"]["won"])


def test_refined_latents_follow_from_the_seed(here, finished_run):
    words = ("encode", finished_run, "digits", "--split", "test", "--refine")
    for name, seed in (("one", 1), ("again", 1), ("other", 2)):
        assert does(*words, "--seed", seed, "--out", f"{name}.npy") == 0
    one, again, other = (np.load(here / f"{name}.npy", allow_pickle=False) for name in ("one", "again", "other"))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


def test_refined_latents_with_their_correlations(here, finished_run, capsys):
    words = ("encode", finished_run, "digits", "--split", "test", "--refine", "--family", "full")
    assert does(*words, "--out", "r.npz") == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "They are of q refined to a normal with every correlation for each datum, which won" in said
    found = arrays(here / "r.npz")
    assert found["factor"].shape == (270, 2, 2)
    assert np.all(found["factor"][:, 0, 1] == 0.0)
    assert np.allclose(np.sqrt(np.sum(found["factor"] ** 2, axis=2)), found["scale"], rtol=1e-5)
    assert does(*words, "--out", "r.csv") == 0
    head, values = table(here / "r.csv")
    assert head == ["mean_0", "mean_1", "scale_0", "scale_1", "converged", "elbo", "won", "won_stderr", "label"]
    assert np.allclose(values[:, 5], found["elbo"], rtol=1e-6)


def test_a_family_without_a_refinement_is_refused(here, finished_run, capsys):
    words = ["encode", finished_run, "digits", "--family", "full", "--out", "r.npz"]
    refuses(capsys, here, words, ["--family full says in which family q is refined", "Add --refine"])


def test_reconstructions(here, finished_run, capsys):
    assert does("reconstruct", finished_run, "digits", "--split", "test", "--out", "b.npz", "--json") == 0
    said = json.loads(capsys.readouterr().out)
    found = arrays(here / "b.npz")
    assert {name: array.shape for name, array in found.items()} == {
        "reconstruction": (270, 8, 8), "x": (270, 8, 8), "label": (270,),
    }  # fmt: skip
    assert set(np.unique(found["x"])) == {0.0, 1.0}
    assert np.all((found["reconstruction"] > 0) & (found["reconstruction"] < 1))
    assert said["n"] == 270
    assert said["mean_squared_difference"] == pytest.approx(
        np.mean((found["x"] - found["reconstruction"]) ** 2), rel=1e-5
    )
    flat = found["x"].mean()
    assert said["mean_squared_difference"] < flat * (1 - flat)  # better than one number for all pixels


def test_columns_of_real_numbers(here, columns_run):
    run, data = columns_run
    assert does("sample", run, "-n", 4, "--out", "s.csv") == 0
    assert does("reconstruct", run, data, "--out", "b.csv") == 0
    head, values = table(here / "s.csv")
    assert head == ["x_0", "x_1", "x_2"]
    assert values.shape == (4, 3)
    head, values = table(here / "b.csv")
    assert head == ["reconstruction_0", "reconstruction_1", "reconstruction_2", "label"]
    assert values.shape == (60, 4)
    assert np.array_equal(values[:, 3], np.arange(60) % 2)


def test_a_table_gives_the_numbers_back_bit_for_bit(here, columns_run):
    run, data = columns_run
    assert does("encode", run, data, "--out", "z.csv") == 0
    assert does("encode", run, data, "--out", "z.npz") == 0
    _, values = table(here / "z.csv")
    assert np.array_equal(values[:, :2].astype(np.float32), arrays(here / "z.npz")["mean"])


@pytest.mark.parametrize(
    "words",
    [["sample", "-n", "10"], ["encode", "digits", "--split", "test"], ["reconstruct", "digits", "--split", "test"]],
    ids=lambda words: words[0],
)
def test_pictures(words, here, finished_run):
    assert does(words[0], finished_run, *words[1:], "--out", "p.png") == 0
    picture = imread(here / "p.png")
    assert min(picture.shape[:2]) > 100
    assert float(picture[..., :3].std()) > 0.05  # something is to be seen


def test_json_is_one_document(here, finished_run, capsys):
    assert does("sample", finished_run, "-n", 2, "--out", "s.npy", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {
        "run": str(finished_run), "out": "s.npy", "n": 2, "seed": 0, "units": "x is 0 or 1",
    }  # fmt: skip
    assert does("encode", finished_run, "digits", "--out", "z.npz", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {
        "run": str(finished_run), "data": "digits", "out": "z.npz", "n": 1797, "latent": 2, "labels": True,
    }  # fmt: skip


def refuses(capsys, folder, words, parts) -> None:
    before = contents_of(folder)
    assert does(*words) == 2
    said = capsys.readouterr()
    flat = " ".join(said.err.split())
    assert said.out == ""
    for part in parts:
        assert part in flat
    assert "Traceback" not in flat
    assert contents_of(folder) == before


FILES = {
    "no ending": (["--out", "F"], ["--out is F, which has no ending", ".npz, .npy, .csv, .parquet, .png"]),
    "unknown ending": (["--out", "F.pkl"], ["which ends in .pkl"]),
    "exists": (["--out", "kept.npz"], ["kept.npz exists already and is left as it is", "--force"]),
    "a folder": (["--out", "kept.csv"], ["kept.csv, which is a folder"]),
    "no folder": (["--out", "nowhere/F.npz"], ["no folder nowhere"]),
}


@pytest.mark.parametrize(("out", "parts"), FILES.values(), ids=FILES.keys())
@pytest.mark.parametrize("command", ["sample", "encode", "reconstruct"])
def test_a_file_that_cannot_be_written(command, out, parts, here, finished_run, capsys):
    np.savez(here / "kept.npz", x=np.zeros((3, 64)))
    (here / "kept.csv").mkdir()
    refuses(capsys, here, [command, finished_run, *([] if command == "sample" else ["digits"]), *out], parts)


def test_parquet_needs_pyarrow(here, finished_run, capsys, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    refuses(
        capsys, here, ["sample", finished_run, "--out", "s.parquet"], ["`pip install pyarrow`", "write .csv or .npz"]
    )


def test_a_parquet_file_where_pyarrow_is(here, columns_run):
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    run, data = columns_run
    assert does("encode", run, data, "--out", "z.parquet") == 0
    found = parquet.read_table(here / "z.parquet")
    assert found.column_names == ["mean_0", "mean_1", "scale_0", "scale_1", "label"]
    assert found.num_rows == 60


def test_force_replaces_and_nothing_else_is_left(here, finished_run):
    (here / "s.npy").write_text("old")
    assert does("sample", finished_run, "-n", 2, "--out", "s.npy", "--force") == 0
    assert np.load(here / "s.npy", allow_pickle=False).shape == (2, 8, 8)
    assert [entry.name for entry in here.iterdir()] == ["s.npy"]


def digits_with(value: float) -> np.ndarray:
    rows = np.arange(640.0).reshape(10, 8, 8) % 17
    rows[4, 2, 3] = value
    return rows


DATA = {
    "missing": (None, ["no file or folder new.npy"]),
    "NaN": (digits_with(math.nan), ["new.npy holds 1 NaN value", "row 4, pixel (2, 3)"]),
    "another width": (np.zeros((10, 63)), ["new.npy has 63 values for each datum", "trained on 64, of shape (8, 8)"]),
    "out of range": (digits_with(17), ["outside 0 to 16, 1 of 640; the first is 17 at row 4, pixel (2, 3)"]),
    "negative": (digits_with(-1), ["outside 0 to 16", "the first is -1 at row 4, pixel (2, 3)"]),
    "scaled": (digits_with(0) / 16, ["as if it had been scaled to [0, 1]", "Multiply the data by 16"]),
}


@pytest.mark.parametrize(("values", "parts"), DATA.values(), ids=DATA.keys())
@pytest.mark.parametrize("command", ["encode", "reconstruct"])
def test_data_that_the_model_cannot_have_produced(command, values, parts, here, finished_run, capsys):
    if values is not None:
        np.save(here / "new.npy", values)
    refuses(capsys, here, [command, finished_run, "new.npy", "--out", "F.npz"], parts)


@pytest.mark.parametrize("command", ["sample", "reconstruct"])
def test_columns_are_no_picture(command, here, columns_run, capsys):
    run, data = columns_run
    words = [command, run, *([] if command == "sample" else [data]), "--out", "p.png"]
    refuses(capsys, here, words, ["needs data of shape (height, width)", "has shape (3,)", ".csv"])


def test_no_samples_at_all(here, finished_run, capsys):
    refuses(capsys, here, ["sample", finished_run, "-n", 0, "--out", "s.npz"], ["-n is 0", "at least 1"])
