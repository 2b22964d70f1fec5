"""A file is the old or the new, never half of either."""

import json

import pytest

from elbowroom.training.files import write_bytes, write_json


def test_nothing_else_is_left_beside_the_file(tmp_path):
    write_bytes(tmp_path / "a", b"one")
    write_bytes(tmp_path / "a", b"two")
    assert [entry.name for entry in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_bytes() == b"two"


def test_a_failed_write_leaves_the_old_contents(tmp_path, monkeypatch):
    write_bytes(tmp_path / "a", b"one")

    def fail(_):
        raise OSError("the disk is full")

    monkeypatch.setattr("elbowroom.training.files.os.fsync", fail)
    with pytest.raises(OSError, match="full"):
        write_bytes(tmp_path / "a", b"two")
    assert [entry.name for entry in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_bytes() == b"one"


def test_json_refuses_what_it_cannot_say(tmp_path):
    write_json(tmp_path / "a.json", {"value": 1.5})
    assert json.loads((tmp_path / "a.json").read_text()) == {"value": 1.5}
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "a.json", {"value": float("nan")})
