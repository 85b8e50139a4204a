"""The source in add-a-data-set.md is a whole one: it is valid and reads a file as its comments say."""

import re

import pytest

from problemsolving.dictionary import schema
from problemsolving.dictionary.reading import read_source
from problemsolving.records import read_yaml

FILE = """Log no,Reported,Type,LSOA,Sex of victim,Hours spent
LOG-17,03/05/2024 23:30,Burglary,E01015761,F,"1,200"
LOG-18,04/01/2024 08:00,Robbery,UNKNOWN,,0.5
"""


@pytest.fixture
def example(root, tmp_path):
    (block,) = re.findall(r"```yaml\n(.*?)```", (root / "docs/how-to/add-a-data-set.md").read_text("utf-8"), re.DOTALL)
    (tmp_path / "harbour-extract.yml").write_text(block, "utf-8")
    return schema.Source.model_validate(read_yaml(tmp_path / "harbour-extract.yml"))


def test_it_reads_a_file_as_its_comments_say(example, tmp_path):
    (tmp_path / "may.csv").write_text(FILE, "utf-8")
    frame = read_source(example, [tmp_path / "may.csv"], root=tmp_path).frame
    assert list(frame["incident_id"]) == ["17", "18"] and list(frame["victim_sex"].fillna("")) == ["female", ""]
    assert list(frame["minutes"]) == [72_000, 30] and list(frame["area_code"].isna()) == [False, True]
    assert str(frame["occurred_at"].iloc[0])[:16] == "2024-05-03 22:30"  # London keeps summer time in May


def test_the_page_names_every_key(root):
    text = (root / "docs/how-to/add-a-data-set.md").read_text("utf-8")
    models = (schema.Source, schema.Format, schema.ColumnMap, schema.Capabilities)
    keys = {field.alias or name for model in models for name, field in model.model_fields.items()}
    assert {key for key in keys if not re.search(rf"\b{key}\b", text)} == set()
