"""Small files: YAML as typed, hostile YAML refused, writes that are whole or not at all."""

import os

import pytest

from problemsolving.errors import ParameterError
from problemsolving.records import read_yaml, to_json, write_atomically


def written(folder, text):
    path = folder / "x.yml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize(
    "typed", ["00123", "5E1", "NO", "no", "nan", "0123", "1:30", "010", "true", "2021-05", "1_000", "0x1F", "~", "null"]
)
def test_scalars_stay_as_typed(tmp_path, typed):
    assert read_yaml(written(tmp_path, f"key: {typed}\n")) == {"key": typed}


@pytest.mark.parametrize(
    ("escaped", "read"),
    [('"\\ud83d\\ude00"', "😀"), ('"caf\\u00e9"', "café"), ('"a\\nb"', "a\nb"), ('"it\'s \\"x\\""', 'it\'s "x"')],
)
def test_json_strings_are_read_as_typed(tmp_path, escaped, read):
    assert read_yaml(written(tmp_path, f"key: {escaped}\n")) == {"key": read}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: &x [1]\nb: *x\n", "anchors"),
        ("a: &x 1\n", "anchors"),
        ("a: !!python/object/apply:os.system [ls]\n", "tags"),
        ("a: !x 1\n", "tags"),
        ("a: 1\na: 2\n", "duplicate"),
        ("- a\n- b\n", "keys and values"),
        ("a: [1\n", "line"),
        ("", "keys and values"),
        (b"a: \xff\xfe\n", "UTF-8"),
        ("a: " + "[" * 5_000, "nested too deeply"),
        ("a: " + "[1, " * 15_000, "nested too deeply"),
        ("a: " + "x" * 1_100_000, "larger"),
    ],
)
def test_hostile_yaml_is_refused(tmp_path, text, told):
    with pytest.raises(ParameterError, match=told):
        read_yaml(written(tmp_path, text))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ParameterError, match="cannot be read"):
        read_yaml(tmp_path / "none.yml")


def test_json_has_no_nan():
    with pytest.raises(ValueError, match="JSON"):
        to_json({"a": float("nan")})


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "x.json"
    write_atomically(path, "old")

    def fail(_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        write_atomically(path, "new")
    assert path.read_text() == "old" and [found.name for found in tmp_path.iterdir()] == ["x.json"]
