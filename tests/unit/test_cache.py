"""Checked tables as Parquet: used while nothing changed, rebuilt when anything did."""

import datetime as dt
import hashlib
import json
import os
import stat
import subprocess
import sys

import pandas as pd
import pytest

from problemsolving.dictionary import cache as caching
from problemsolving.dictionary.cache import find_cached, open_cached, read_areas
from problemsolving.dictionary.reading import read_source
from problemsolving.dictionary.schema import source
from problemsolving.dictionary.seal import seal, settings_folder
from problemsolving.errors import DataError

HEADER = "Crime ID,Month,Reported by,Falls within,Longitude,Latitude,Location,LSOA code,LSOA name,Crime type,Last outcome category,Context"
STREET = source("police-uk-street")


def content(rows=3_000, months=("2024-02", "2024-01")):
    lines = [
        f"{place:064x},{months[place // 50 % 2]},A,A,-0.4,51.9,On or near High Street,E01015{700 + place % 50},x,Burglary,,"
        if place % 7
        else f",{months[place // 50 % 2]},A,A,,,No Location,,,Burglary,,"
        for place in range(rows)
    ]
    return "\n".join([HEADER, *lines]) + "\n"


@pytest.fixture
def data(tmp_path, monkeypatch):
    for variable in ("XDG_CONFIG_HOME", "APPDATA", "HOME"):
        monkeypatch.setenv(variable, str(tmp_path / "settings"))
    (tmp_path / "data").mkdir()
    (tmp_path / "data/street.csv").write_text(content())
    return tmp_path


def read(data, **keywords):
    return read_source(STREET, [data / "data/street.csv"], root=data, cache=data / ".cache", **keywords)


def kept(data, **keywords):
    return find_cached(data / ".cache", STREET, [data / "data/street.csv"], root=data, **keywords)


def test_the_second_reading_is_the_first(data):
    first = read(data)
    assert kept(data) is not None
    second = read(data)
    pd.testing.assert_frame_equal(first.frame, second.frame)
    assert (first.files, first.notes, first.months) == (second.files, second.notes, second.months)
    assert first.notes  # empty cells are told again


def test_the_cache_is_read_not_the_files(data, monkeypatch):
    read(data)
    monkeypatch.setattr("problemsolving.dictionary.reading.open_all", lambda *a, **k: pytest.fail("files were read"))
    assert read(data).rows == 3_000


@pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")
def test_the_cache_is_private(data):
    read(data)
    assert stat.S_IMODE((data / ".cache").stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in (data / ".cache").glob("*.parquet")} == {0}


def test_rows_are_sorted_by_area_and_month(data):
    import duckdb

    read(data)
    (path,) = (data / ".cache").glob("*.parquet")
    rows = duckdb.sql(f"select area_code, month from '{path}' where area_code is not null").fetchall()
    assert rows == sorted(rows) and len(set(rows)) > 50


def spoil(path, how):
    raw = path.read_bytes()
    at = len(raw) // 3
    path.write_bytes(
        {"truncated": raw[:-9], "altered": raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :], "longer": raw + b"x", "empty": b""}[how]
    )  # fmt: skip


@pytest.mark.parametrize("how", ["truncated", "altered", "longer", "empty"])
def test_a_spoilt_table_is_noticed_and_rebuilt(data, how):
    first = read(data).frame
    (path,) = (data / ".cache").glob("*.parquet")
    whole = path.read_bytes()
    spoil(path, how)
    assert kept(data) is None
    pd.testing.assert_frame_equal(read(data).frame, first)
    assert path.read_bytes()[:4] == b"PAR1" and len(path.read_bytes()) == len(whole) and kept(data) is not None


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"form": 1}', "\udcff"])
def test_a_spoilt_manifest_is_noticed_and_rebuilt(data, text):
    read(data)
    (path,) = (data / ".cache").glob("*.json")
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    assert kept(data) is None and read(data).rows == 3_000 and kept(data) is not None


def test_a_changed_file_is_read_again_and_its_old_table_goes(data):
    read(data)
    (data / "data/street.csv").write_text(content(2_000))
    assert kept(data) is None and read(data).rows == 2_000
    assert len(list((data / ".cache").glob("*.parquet"))) == 1


def test_a_change_that_keeps_size_and_time_is_noticed_in_small_files_and_in_large_ones_when_asked(data):
    read(data)
    path = data / "data/street.csv"
    before = path.stat()
    with path.open("r+b") as stream:
        stream.seek(-30, os.SEEK_END)
        stream.write(b"x")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert kept(data) is None and kept(data, hash_below=None) is None
    assert kept(data, hash_below=0) is not None  # the documented price of not hashing large files


def test_another_dictionary_or_package_rebuilds(data, monkeypatch):
    read(data)
    monkeypatch.setattr(caching, "__version__", "99")
    assert kept(data) is None


def test_a_table_with_faults_is_not_kept(data):
    (data / "data/street.csv").write_text(content().replace("2024-02", "2024-13", 1))
    with pytest.raises(DataError):
        read(data)
    assert not (data / ".cache").exists()


def test_some_areas_are_read_alone(data, monkeypatch):
    whole = read(data).frame
    cached = open_cached(data / ".cache", STREET, [data / "data/street.csv"], root=data)
    codes = ["E01015710", "E01015749", "E01099999"]
    pd.testing.assert_frame_equal(
        read_areas(cached, codes), whole[whole["area_code"].isin(codes)].reset_index(drop=True)
    )
    assert len(read_areas(cached, [])) == 0
    spoil(cached.path, "altered")
    assert read_areas(cached, codes) is None


def test_only_what_is_read_is_checked(data, monkeypatch):
    monkeypatch.setattr(caching, "ROW_GROUP", 2_048)
    monkeypatch.setattr(caching, "BLOCK", 1 << 10)
    (data / "data/street.csv").write_text(content(30_000))
    read(data)
    cached = open_cached(data / ".cache", STREET, [data / "data/street.csv"], root=data)
    last = max(group["end"] for group in cached.manifest["groups"])
    raw = bytearray(cached.path.read_bytes())
    raw[last - 3_000] ^= 1  # in the last areas, or among rows without one
    cached.path.write_bytes(raw)
    assert len(read_areas(cached, ["E01015700"])) > 100 and not cached.intact()


def test_what_a_killed_writer_left_is_removed(data):
    read(data)
    process = subprocess.Popen([sys.executable, "-c", "from problemsolving.dictionary.spool import owner_label; print(owner_label()); import time; time.sleep(60)"], stdout=subprocess.PIPE, text=True)  # fmt: skip
    left = data / ".cache" / f".police-uk-street-0123.{process.stdout.readline().strip()}.tmp"
    left.write_bytes(b"half")
    (data / "data/street.csv").write_text(content(100))
    read(data)
    assert left.exists()  # its writer runs
    process.kill()
    process.wait()
    process.stdout.close()
    (data / "data/street.csv").write_text(content(200))
    read(data)
    assert not left.exists()


@pytest.mark.skipif(os.name != "posix", reason="links")
def test_a_cache_that_cannot_be_written_does_not_stop_the_reading(data):
    (data / "elsewhere").mkdir()
    (data / ".cache").symlink_to(data / "elsewhere")
    assert read(data).rows == 3_000 and list((data / "elsewhere").iterdir()) == []


def test_the_manifest_holds_no_value(data):
    read(data)
    (path,) = (data / ".cache").glob("*.json")
    told = path.read_text("utf-8")
    assert "High Street" not in told and f"{1:064x}" not in told and json.loads(told)["files"][0]["rows"] == 3_000


def rewritten(data, seal_again=False):
    """Leave half of the rows, and a manifest whose plain hashes agree."""
    import duckdb

    (path,) = (data / ".cache").glob("*.parquet")
    (about,) = (data / ".cache").glob("*.json")
    duckdb.sql(f"copy (select * from '{path}' where \"from row\" % 2 = 0) to '{data / 'half'}' (format parquet)")
    (data / "half").replace(path)
    raw, manifest = path.read_bytes(), json.loads(about.read_text("utf-8"))
    starts = range(0, len(raw), caching.BLOCK)
    blocks = [hashlib.sha256(raw[at : at + caching.BLOCK]).hexdigest() for at in starts]
    manifest |= {"size": len(raw), "blocks": blocks}
    if seal_again:
        manifest.pop("seal")
        manifest["seal"] = seal(manifest)
    about.write_text(json.dumps(manifest))


@pytest.mark.parametrize("seal_again", [False, True])
def test_a_table_rewritten_with_its_manifest_is_noticed(data, seal_again):
    first = read(data).frame
    rewritten(data, seal_again)
    assert kept(data) is None
    assert (open_cached(data / ".cache", STREET, [data / "data/street.csv"], root=data) is None) is not seal_again
    pd.testing.assert_frame_equal(read(data).frame, first)
    assert kept(data) is not None


def test_the_key_lies_with_the_user_alone(data):
    read(data)
    (key,) = settings_folder().glob("*")
    assert not list(data.glob(".cache/*key*")) and len(key.read_bytes()) == 32
    if os.name == "posix":
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
        key.chmod(0o644)  # others may have read it: another key, and the table is made again
        assert kept(data) is None and stat.S_IMODE(key.stat().st_mode) == 0o600
    key.write_bytes(b"short")
    assert read(data).rows == 3_000 and len(key.read_bytes()) == 32 and kept(data) is not None


def test_without_a_place_for_the_key_nothing_is_kept(data):
    (data / "settings").write_text("a file, not a folder")
    assert read(data).rows == 3_000 and kept(data) is None


@pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")
def test_the_cache_is_made_private_again(data):
    read(data)
    (data / ".cache").chmod(0o755)
    assert kept(data) is not None
    assert stat.S_IMODE((data / ".cache").stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in (data / ".cache").iterdir()} == {0o600}


def test_a_table_checked_on_a_later_day_is_not_used(data):
    read(data, today=dt.date(2024, 3, 1))
    assert kept(data, today=dt.date(2024, 3, 1)) is not None and kept(data, today=dt.date(2024, 2, 29)) is None
    with pytest.raises(DataError, match="has not come yet"):
        read(data, today=dt.date(2024, 1, 31))
