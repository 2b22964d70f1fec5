"""Tables: what is read, and the line and the column of what cannot be."""

import importlib
import importlib.util

import numpy as np
import pytest

from elbowroom.data.load import load_contents, load_dataset
from elbowroom.errors import InputError

VALUES = np.random.Generator(np.random.Philox(4)).normal(size=(20, 3))
BODY = "\n".join(",".join(f"{value:.17g}" for value in row) for row in VALUES)


def write(path, text: str, encoding: str = "utf-8"):
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize(
    ("name", "text"),
    {
        "plain": ("t.csv", BODY),
        "with a head": ("t.csv", f"a,b,c\n{BODY}\n"),
        "with a head in quotes": ("t.csv", f'"a, first",b,c\n{BODY}'),
        "semicolons": ("t.csv", "a;b;c\n" + BODY.replace(",", ";")),
        "tabs": ("t.tsv", BODY.replace(",", "\t")),
        "Windows": ("t.csv", "\ufeffa,b,c\r\n" + BODY.replace("\n", "\r\n")),
        "a head that begins with a hash": ("t.csv", f"#a,b,c\n{BODY}"),
    }.values(),
)
def test_a_table_of_numbers(name, text, tmp_path):
    found = load_contents(write(tmp_path / name, text))
    assert np.array_equal(found.joined().rows, VALUES.astype(np.float32))
    assert (found.event_shape, found.levels, found.joined().labels) == ((3,), None, None)


@pytest.mark.parametrize(
    ("classes", "numbers"),
    [(["1", "0", "4"], [1, 0, 4]), (["cat", "ape", "cat"], [1, 0, 1]), (["1.5", "0.5", "1.5"], [1, 0, 1])],
)
@pytest.mark.parametrize("name", ["label", "Labels", "y"])
def test_a_column_of_labels_is_not_a_feature(classes, numbers, name, tmp_path):
    rows = "\n".join(f"{index},{kind},{index / 7}" for index, kind in enumerate(classes))
    found = load_contents(write(tmp_path / "t.csv", f"a,{name},b\n{rows}")).joined()
    assert found.labels is not None
    assert found.labels.tolist() == numbers
    assert found.rows.shape == (3, 2)


def test_zeros_and_ones_have_one_level(tmp_path):
    assert load_dataset(write(tmp_path / "t.csv", "0,1\n1,1\n0,0\n1,0\n")).levels == 1


REFUSED = {
    "a gap": ("a,b\n1,2\n3,\n", "holds nothing in line 3, column 'b'"),
    "a word": ("a,b\n1,2\n3,four\n", "holds 'four', which is not a number in line 3, column 'b'"),
    "a word without a head": ("1,2\n3,four\n", "holds 'four', which is not a number in line 2, column 1"),
    "a short row": ("1,2\n3,4\n5\n", "has 1 values in line 3, and 2 in its first"),
    "a long row": ("1,2\n3,4\n5,6,7\n", "has 3 values in line 3, and 2 in its first"),
    "NaN": ("1,2\n3,nan\n5,6\n", "row 1, column 1"),
    "only a head": ("a,b\n", "holds no data"),
    "nothing": ("", "begins with an empty line"),
    "labels twice": ("y,label,b\n1,2,3\n", "labels twice, in the columns 'y' and 'label'"),
    "only labels": ("y\n1\n2\n", "no column beside its labels"),
}


@pytest.mark.parametrize(("text", "said"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_table_of_numbers_is_refused_with_its_place(text, said, tmp_path):
    with pytest.raises(InputError) as refused:
        load_contents(write(tmp_path / "t.csv", text))
    assert said in str(refused.value)
    assert "t.csv" in str(refused.value)


def test_what_is_no_text_is_refused(tmp_path):
    (tmp_path / "t.csv").write_bytes(b"\xff\xfe\x00\x01" * 20)
    with pytest.raises(InputError, match="is not text in UTF-8"):
        load_contents(tmp_path / "t.csv")


@pytest.mark.skipif(importlib.util.find_spec("pyarrow") is None, reason="pyarrow is not installed")
def test_a_parquet_file(tmp_path):
    arrow, parquet = importlib.import_module("pyarrow"), importlib.import_module("pyarrow.parquet")
    table = arrow.table({"a": VALUES[:, 0], "label": ["x", "y"] * 10, "b": VALUES[:, 1]})
    parquet.write_table(table, tmp_path / "t.parquet")
    found = load_contents(tmp_path / "t.parquet").joined()
    assert np.array_equal(found.rows, VALUES[:, :2].astype(np.float32))
    assert found.labels is not None
    assert found.labels.tolist() == [0, 1] * 10
    parquet.write_table(arrow.table({"a": VALUES[:, 0], "kind": ["x", "y"] * 10}), tmp_path / "words.parquet")
    with pytest.raises(InputError, match=r"The column 'kind' of .*words.parquet holds string, not numbers"):
        load_contents(tmp_path / "words.parquet")
    (tmp_path / "cut.parquet").write_bytes((tmp_path / "t.parquet").read_bytes()[:100])
    with pytest.raises(InputError, match=r"cut.parquet cannot be read as a Parquet file"):
        load_contents(tmp_path / "cut.parquet")
