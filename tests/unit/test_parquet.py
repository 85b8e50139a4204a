"""Deliveries in Parquet: the same rules and the same frame as from CSV; what is no Parquet of the source is refused."""

import dataclasses
import datetime as dt
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pandas as pd
import pytest

from problemsolving.dictionary.codelists import codelist
from problemsolving.dictionary.reading import check_source, keep_source, read_source
from problemsolving.dictionary.schema import source
from problemsolving.errors import DataError
from problemsolving.loading import find_files
from problemsolving.simulate.partnership import simulate_partnership
from problemsolving.simulate.worlds import SIZES

CONTACTS = source("simulated-contacts")
TODAY = dt.date(2030, 1, 1)
ROWS = """select printf('C%08d', i) as contact_id, printf('P%07d', i) as person_id, 'police' as agency_id,
  timestamp '2024-06-03 04:34:00' + to_days(cast(i as integer)) as started_at, cast(null as timestamp) as seen_at,
  timestamp '2024-06-03 06:31:00' + to_days(cast(i as integer)) as ended_at, 'appointment' as kind from range(9) t(i)"""
SECRET = "zq-secret"


def write(path, query=ROWS, style="format parquet"):
    path.parent.mkdir(exist_ok=True)
    duckdb.sql(f"copy ({query}) to '{path}' ({style})")
    return path


def read(paths, found=CONTACTS, **options):
    paths = paths if isinstance(paths, list) else [paths]
    return read_source(found, paths, root=paths[0].parent, today=TODAY, **options)


def changed(column, value):
    return f"select * replace ({value} as {column}) from ({ROWS})"


def test_the_same_frame_as_from_csv(tmp_path):
    text = read(write(tmp_path / "contacts.csv", style="format csv, header, timestampformat '%Y-%m-%d %H:%M'"))
    parquet = read(write(tmp_path / "contacts.parquet"))
    pd.testing.assert_frame_equal(text.frame, parquet.frame)
    assert parquet.files[0]["rows"] == 9 and len(parquet.files[0]["sha256"]) == 64


def test_what_the_simulator_writes_is_read_as_its_csv(tmp_path, monkeypatch):
    simulate_partnership(tmp_path / "csv", size="demo", seed=3)
    monkeypatch.setitem(SIZES, "demo", dataclasses.replace(SIZES["demo"], container="parquet"))
    simulate_partnership(tmp_path / "parquet", size="demo", seed=3)
    found = source("simulated-incidents")
    parts = sorted((tmp_path / "parquet/incidents").glob("*.parquet"))
    text, parquet = read(tmp_path / "csv/incidents.csv", found), read(parts, found)
    pd.testing.assert_frame_equal(text.frame, parquet.frame)
    for name in ("contacts", "referrals", "people", "outcomes"):
        listed = sorted((tmp_path / "parquet" / name).glob("*.parquet"))
        same = source(f"simulated-{name}")
        pd.testing.assert_frame_equal(read(tmp_path / f"csv/{name}.csv", same).frame, read(listed, same).frame)
    assert parquet.rows > 10_000 and check_source(found, parts, root=parts[0].parent, today=TODAY)[1] == parquet.files


def test_rows_are_counted_from_one_and_never_shown(tmp_path):
    query = changed("kind", f"case when contact_id = 'C00000004' then null else '{SECRET}' end")
    notes = read(write(tmp_path / "a.parquet", query)).notes
    query = changed("person_id", f"case when contact_id = 'C00000004' then null else '{SECRET}' || contact_id end")
    with pytest.raises(DataError) as caught:
        read(write(tmp_path / "b.parquet", query))
    assert "must not be empty, 1 row: b.parquet row 5" in str(caught.value) and SECRET not in str(caught.value)
    assert [(note.unit, note.rows) for note in notes if note.column == "kind"] == [("row", (5,))]


def test_numbers_and_dates_are_written_out(tmp_path):
    found = source("simulated-assets")
    query = """select 'A1' as asset_id, 'x' as asset_name, 'library' as kind, 'E01999999' as area_code,
      cast(-0.00001 as double) as longitude, cast(51.9 as float) as latitude, 'everyone' as open_to"""
    query = query.replace("library", next(iter(codelist("asset-kinds"))))
    frame = read(write(tmp_path / "a.parquet", query), found).frame
    assert frame["longitude"].tolist() == [-0.00001] and frame["latitude"].tolist() == pytest.approx([51.9])
    dated = CONTACTS.model_copy(
        update={"columns": CONTACTS.columns | {"started_at": CONTACTS.columns["started_at"].model_copy(update={"format": "%d/%m/%Y %H:%M"})}}
    )  # fmt: skip
    assert read(write(tmp_path / "b.parquet"), dated).frame["started_at"][0] == pd.Timestamp("2024-06-03 04:34")
    zoned = changed("started_at", "timestamptz '2024-06-03 04:34:00+01'")
    assert read(write(tmp_path / "c.parquet", zoned)).frame["started_at"][0] == pd.Timestamp("2024-06-03 03:34")


@pytest.mark.parametrize(
    ("query", "told"),
    [
        (changed("kind", f"{{'a': '{SECRET}'}}"), 'column "kind" holds bytes, times of day or columns of its own'),
        (changed("kind", f"['{SECRET}']"), 'column "kind" holds'),
        (changed("kind", f"cast('{SECRET}' as blob)"), 'column "kind" holds'),
        (changed("started_at", "time '04:34:00'"), 'column "started_at" holds'),
        (changed("started_at", "1e999::double"), "not a date and time"),
        (f"select * exclude (kind) from ({ROWS})", 'column "kind" is missing'),
        (f"select *, 1 as \"Kind \" from ({ROWS})", 'column "kind" stands more than once'),
        (f"select *, 1 as \"a\nb\" from ({ROWS})", "column 8: its name is empty"),
        (f"select *, 1 as \" \" from ({ROWS})", "column 8: its name is empty"),
        (f"select *, 1 as \"{'n' * 300}\" from ({ROWS})", "column 8: its name is empty"),
        (f"select * from ({ROWS}) limit 0", "a header but no rows"),
        (f"{ROWS} union all {ROWS}", "must be unique"),
    ],
)  # fmt: skip
def test_what_is_not_of_the_source_is_refused(tmp_path, query, told):
    with pytest.raises(DataError) as caught:
        read(write(tmp_path / "a.parquet", query))
    assert told in str(caught.value) and SECRET not in str(caught.value)


@pytest.mark.parametrize("how", ["text", "empty", "cut", "no footer", "altered footer", "altered pages"])
def test_a_file_that_is_no_whole_parquet_is_refused(tmp_path, how):
    path = write(tmp_path / "a.parquet")
    raw = path.read_bytes()
    path.write_bytes(
        {
            "text": b"contact_id,person_id\n",
            "empty": b"",
            "cut": raw[:-9],
            "no footer": b"PAR1" + raw[4:60] + b"PAR1",
            "altered footer": raw[:-300] + bytes(292) + raw[-8:],
            "altered pages": raw[:4] + bytes(len(raw) // 3) + raw[4 + len(raw) // 3 :],
        }[how]
    )
    with pytest.raises(DataError, match=r"a\.parquet"):
        read(path)


def test_names_that_look_like_patterns_or_partitions_are_names(tmp_path):
    (tmp_path / "kind=walk-in").mkdir()
    path = write(tmp_path / "a.parquet").rename(tmp_path / "kind=walk-in/a[1].parquet")
    assert set(read(path).frame["kind"]) == {"appointment"}


def test_parquet_is_no_container_of_another_source(tmp_path):
    with pytest.raises(DataError, match="a Parquet file, not geojson"):
        read(write(tmp_path / "a.parquet"), source("simulated-boundaries"))
    with pytest.raises(DataError, match="a Parquet file, not csv"):
        read(write(tmp_path / "a.parquet").rename(tmp_path / "a.csv"))


def test_the_cache_holds_a_table_from_parquet(tmp_path):
    path = write(tmp_path / "a.parquet")
    assert keep_source(CONTACTS, [path], root=tmp_path, cache=tmp_path / ".cache", today=TODAY)
    pd.testing.assert_frame_equal(read(path, cache=tmp_path / ".cache").frame, read(path).frame)


def test_a_pattern_finds_the_parts(tmp_path):
    (tmp_path / "data").mkdir()
    parts = [write(tmp_path / f"data/incidents/incidents-{number:03d}.parquet") for number in range(2)]
    dataset = SimpleNamespace(name="incidents", source="simulated-incidents", files="incidents/*.parquet")
    found = find_files(SimpleNamespace(data=tmp_path / "data", sources=[dataset]))
    assert found["incidents"] == sorted(part.resolve() for part in parts)


@pytest.mark.parametrize("name", ["a.parquet", "a.csv"])
def test_a_file_that_may_not_be_read_is_told(tmp_path, monkeypatch, name):
    path = write(tmp_path / "a.parquet").rename(tmp_path / name)
    usual = Path.open

    def refuse(self, *words, **options):
        if self.name == name:
            raise PermissionError(13, "Permission denied")
        return usual(self, *words, **options)

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(DataError) as caught:
        read(path)
    assert f"{name}: cannot be read (Permission denied); check that you may read it" in str(caught.value)
