"""The dictionary is valid, in Frictionless words, and its codelists say where they come from."""

import pytest
from frictionless import Schema
from ruamel.yaml import YAML

from problemsolving.dictionary.codelists import codelist
from problemsolving.dictionary.schema import names, source, table
from problemsolving.errors import DictionaryError
from problemsolving.resources import resource_path

WORDS = {"string", "number", "integer", "boolean", "yearmonth", "datetime", "geojson"}


@pytest.mark.parametrize("name", names("tables"))
def test_a_table_is_a_frictionless_schema(name):
    raw = YAML(typ="safe").load((resource_path("data_dictionary/tables") / f"{name}.yml").read_text("utf-8"))
    schema = Schema.from_descriptor({key: raw[key] for key in ("fields", "missingValues", "primaryKey") if key in raw})
    assert len(schema.fields) == len(table(name).fields) and {field.type for field in schema.fields} <= WORDS


@pytest.mark.parametrize("name", names("sources"))
def test_a_source_maps_every_required_field_of_its_table(name):
    found = source(name)
    needed = {field.name for field in table(found.table).fields if field.constraints.required}
    built = {"geometry"} if found.format.container == "geojson" else set()
    assert needed - built <= set(found.columns)


@pytest.mark.parametrize("name", names("codelists"))
def test_a_codelist_has_codes_labels_and_sources(name):
    rows = codelist(name)
    assert rows and all(
        code and row["label"] and row["source"] and {"valid_from", "valid_to"} <= set(row) for code, row in rows.items()
    )


def test_the_ten_signatories():
    assert len(codelist("signatories")) == 10 and "National Police Chiefs' Council" in {
        row["label"] for row in codelist("signatories").values()
    }


def test_problem_types_map_to_known_crime_types():
    for row in codelist("problem-types").values():
        codes = [code for code in row["crime_types"].split(";") if code]
        assert set(codes) <= set(codelist("crime-types")) and (codes or row["other_categories"])


def test_every_abolished_district_names_a_successor_in_force():
    rows = codelist("districts")
    assert all(rows[row["successor"]]["status"] == "active" for row in rows.values() if row["status"] == "abolished")


@pytest.mark.parametrize("ask", [table, source, codelist])
def test_an_unknown_name_offers_the_nearest(ask):
    close = {table: "incidnet", source: "police-uk-streets", codelist: "agency-type"}[ask]
    with pytest.raises(DictionaryError, match="did you mean"):
        ask(close)
