"""The simulated partnership as files: same bytes, valid tables, nobody real."""

import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner

from problemsolving.cli import main
from problemsolving.dictionary.codelists import codelist
from problemsolving.dictionary.reading import read_source
from problemsolving.dictionary.schema import names, source, table
from problemsolving.errors import ParameterError
from problemsolving.identifiers import find_identifiers
from problemsolving.simulate import worlds
from problemsolving.simulate.partnership import simulate_partnership
from problemsolving.simulate.worlds import SIZES, WORLDS, plant

FILES = {
    "agencies": "agencies.csv", "areas": "areas.csv", "assets": "assets.csv", "boundaries": "boundaries.geojson",
    "coded-demand": "coded_demand.csv", "commitment-ratings": "commitment_ratings.csv", "contacts": "contacts.csv", "deprivation": "deprivation.csv",
    "incidents": "incidents.csv", "lists": "lists.csv", "outcome-measures": "outcome_measures.csv",
    "outcomes": "outcomes.csv", "people": "people.csv", "population": "population.csv",
    "population-groups": "population_groups.csv", "referrals": "referrals.csv",
    "responses": "responses.csv", "ties": "ties.csv", "voices": "voices.csv",
    "weights": "weights.csv",
}  # fmt: skip
PERSONS = {
    "incidents": ("victim_id", "suspect_id"),
    "contacts": ("person_id",),
    "referrals": ("person_id",),
    "lists": ("person_id",),
    "outcome-measures": ("person_id",),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("demo")
    simulate_partnership(made)
    return made


@pytest.fixture(scope="module")
def tables(folder):
    return {
        name: read_source(source(f"simulated-{name}"), [folder / file], root=folder).frame
        for name, file in FILES.items()
    }


def prints(folder):
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_every_simulated_source_is_written_and_read_without_a_fault(folder, tables):
    assert {f"simulated-{name}" for name in FILES} == {name for name in names("sources") if name[:9] == "simulated"}
    assert {path.name for path in folder.iterdir()} == {*FILES.values(), "truth.json"}
    assert all(len(frame) for frame in tables.values())


def test_every_canonical_table_of_the_partnership_is_filled():
    filled = {source(f"simulated-{name}").table for name in FILES}
    assert filled >= {
        "incident", "area", "agency", "person", "contact", "referral", "response", "outcome_measure", "voice", "tie",
        "asset", "commitment_rating",
    }  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_every_field_that_a_source_claims_holds_something(tables, name):
    empty = [column for column in tables[name] if tables[name][column].isna().all()]
    assert empty == []


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(folder, tmp_path):
    simulate_partnership(tmp_path / "again")
    simulate_partnership(tmp_path / "other", seed=7)
    assert prints(tmp_path / "again") == prints(folder)
    same = {name for name, print_ in prints(tmp_path / "other").items() if print_ == prints(folder)[name]}
    assert same == {"agencies.csv", "areas.csv", "weights.csv"}


@pytest.mark.parametrize("container", ["csv", "parquet"])
def test_threads_do_not_change_a_byte(tmp_path, monkeypatch, container):
    monkeypatch.setitem(worlds.SIZES, "demo", replace(SIZES["demo"], block_areas=12, container=container))
    for threads in (1, 4):
        simulate_partnership(tmp_path / str(threads), threads=threads)
    one, four = (prints(tmp_path / str(threads)) for threads in (1, 4))
    assert one == four
    assert len([name for name in one if name.startswith("incidents")]) == (6 if container == "parquet" else 1)


def test_parquet_parts_have_types_and_identifiers_of_their_own(tmp_path, monkeypatch):
    import duckdb

    monkeypatch.setitem(worlds.SIZES, "demo", replace(SIZES["demo"], block_areas=12, container="parquet"))
    simulate_partnership(tmp_path)
    path = tmp_path / "incidents/*.parquet"
    with duckdb.connect() as connection:
        query = f"select count(*), count(distinct incident_id) from '{path}'"
        ((rows, ids),) = connection.execute(query).fetchall()
        types = dict(row[:2] for row in connection.execute(f"describe select * from '{path}'").fetchall())
    assert rows == ids == json.loads((tmp_path / "truth.json").read_text())["rows"]["incidents"]
    assert (types["occurred_at"], types["longitude"], types["incident_id"]) == ("TIMESTAMP", "DOUBLE", "VARCHAR")


def test_each_person_named_anywhere_is_in_the_people(tables):
    known = set(tables["people"]["person_id"])
    assert len(known) == 10_000
    for name, columns in PERSONS.items():
        for column in columns:
            assert set(tables[name][column].dropna()) <= known, (name, column)


def test_a_role_carries_the_characteristics_of_its_person(tables):
    people = tables["people"].set_index("person_id")
    for role in ("victim", "suspect"):
        known = tables["incidents"].dropna(subset=[f"{role}_id"])
        same = people.loc[known[f"{role}_id"]]
        assert (same["age_band"].to_numpy() == known[f"{role}_age_band"].to_numpy()).all()
        assert (same["sex"].to_numpy() == known[f"{role}_sex"].to_numpy()).all()
    assert (tables["incidents"]["victim_id"] != tables["incidents"]["suspect_id"]).all()


def test_agencies_and_areas_named_anywhere_are_listed(tables):
    agencies, areas = set(tables["agencies"]["agency_id"]), set(tables["areas"]["area_code"])
    named = {
        "referrals": ("from_agency", "to_agency"), "contacts": ("agency_id",), "lists": ("agency_id",),
        "ties": ("respondent", "rated"), "commitment-ratings": ("agency_id",), "voices": ("agency_id",),
    }  # fmt: skip
    for name, columns in named.items():
        assert all(set(tables[name][column]) <= agencies for column in columns), name
    for name, frame in tables.items():
        if "area_code" in frame:
            assert set(frame["area_code"].dropna()) <= areas, name


def test_nothing_reads_like_a_real_person(folder):
    for path in folder.iterdir():
        text = path.read_text("utf-8")
        if path.name == "population_groups.csv":  # whole numbers side by side: each is looked at by itself
            text = text.replace(",", " | ")
        found = {identifier.kind for identifier in find_identifiers(text)}
        assert found == set(), path.name


def test_no_simulated_text_holds_a_brace(folder):
    """A printed structure is no name: neither in the tables nor in names of what a community has."""
    tables = [path for path in folder.iterdir() if path.suffix == ".csv"]
    assert len(tables) > 10
    assert [path.name for path in tables if {"{", "}"} & set(path.read_text("utf-8"))] == []
    assets = next(path for path in tables if path.name == "assets.csv").read_text("utf-8")
    assert any(f"{row['label']}, " in assets for row in codelist("asset-kinds").values())


@pytest.mark.parametrize("size", SIZES)
def test_every_place_lies_in_the_sea(size):
    """North of 53 degrees and east of 1.8 the North Sea reaches to the edge of the dictionary's ranges."""
    from problemsolving.simulate.places import make_places

    places = make_places(2025, plant(size=size), SIZES[size])
    corners = places.rings.reshape(-1, 2)
    assert corners[:, 0].min() > 1.79 and corners[:, 0].max() < 3
    assert corners[:, 1].min() > 52.99 and corners[:, 1].max() < 56
    assert len(set(places.code)) == len(places) and all(code[:4] == "E019" for code in places.code)


def test_points_lie_in_the_area_that_the_row_names(tables):
    outlines = {code: np.array(shape["coordinates"][0]) for code, shape in tables["boundaries"].itertuples(index=False)}
    placed = tables["incidents"].dropna(subset=["area_code"])
    low = np.array([outlines[code].min(axis=0) for code in placed["area_code"]])
    high = np.array([outlines[code].max(axis=0) for code in placed["area_code"]])
    at = placed[["longitude", "latitude"]].to_numpy()
    assert ((at >= low) & (at <= high)).all()


def test_every_number_that_is_planted_has_its_unit(folder):
    sheet = json.loads((folder / "truth.json").read_text("utf-8"))
    areas = {"response_areas", "comparison_areas", "buffer_areas"}
    assert set(sheet) - {"units", "seed", "size", "world"} - areas == set(sheet["units"])
    assert all(unit for unit in sheet["units"].values()) and all(sheet[name] for name in areas)


def test_an_old_delivery_is_replaced_and_nothing_else_is_left(tmp_path):
    (tmp_path / "incidents.csv").write_text("old")
    (tmp_path / "notes.txt").write_text("mine")
    simulate_partnership(tmp_path)
    assert (tmp_path / "notes.txt").read_text() == "mine" and (tmp_path / "incidents.csv").stat().st_size > 1_000_000
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_a_failure_leaves_the_old_delivery(tmp_path, monkeypatch):
    simulate_partnership(tmp_path)
    before = prints(tmp_path)
    monkeypatch.setattr("problemsolving.simulate.partnership.write_voices", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        simulate_partnership(tmp_path, seed=9)
    assert prints(tmp_path) == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"size": "count", "world": "nul"}, ['did you mean "county"', 'did you mean "null"']),
        ({"world": "flat"}, ["there are standard"]),
        ({"threads": 0}, ["at least 1"]),
    ],
)
def test_unknown_sizes_worlds_and_threads_are_told_before_anything_is_written(tmp_path, words, said):
    with pytest.raises(ParameterError) as caught:
        simulate_partnership(tmp_path / "new", **words)
    assert len(caught.value.faults) == len(said) and not (tmp_path / "new").exists()
    assert all(word in fault for word, fault in zip(said, caught.value.faults, strict=True))


def test_the_command_takes_world_and_threads(tmp_path):
    words = ["--quiet", "simulate", str(tmp_path), "--world", "null", "--threads", "2", "--seed", "3"]
    assert CliRunner().invoke(main, words).exit_code == 0
    sheet = json.loads((tmp_path / "truth.json").read_text("utf-8"))
    assert (sheet["world"], sheet["seed"], sheet["response_ratio"]) == ("null", 3, 1.0)
    assert CliRunner().invoke(main, ["simulate", str(tmp_path), "--world", "nul"]).exit_code == 10


def test_help_names_every_world_and_size():
    text = CliRunner().invoke(main, ["simulate", "--help"]).output
    assert all(word in text for word in (*WORLDS, *SIZES))


def test_the_table_of_ties_keeps_the_fields_that_other_sources_map():
    assert [field.name for field in table("tie").fields] == ["respondent", "rated", "item", "score", "wave"]
