"""A data set in any SQL table: without a server, in SQLite; what goes wrong is told without the address."""

import dataclasses
import datetime as dt
import time

import pytest
import sqlalchemy

from problemsolving.dictionary.database import read_database
from problemsolving.dictionary.schema import source
from problemsolving.errors import DataError, ParameterError, SharingError
from problemsolving.loading import check_sharing, find_files, read_all
from problemsolving.problem import read_problem

SECRET = "zq-secret"
AGENCIES = [("b", "Bee", "police"), ("a", "Ay", "council"), ("c", "Sea", "icb")]


@pytest.fixture
def address(tmp_path):
    found = f"sqlite:///{tmp_path / 'partners.db'}"
    engine = sqlalchemy.create_engine(found, poolclass=sqlalchemy.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "create table agencies (agency_id text, AGENCY_NAME text, agency_type text, other blob)"
        )
        connection.exec_driver_sql("insert into agencies values (?, ?, ?, x'00')", AGENCIES)
        connection.exec_driver_sql("create view seen as select * from agencies")
        connection.exec_driver_sql("create table short (agency_id text, agency_type text)")
        connection.exec_driver_sql(
            f"create table wrong as select agency_id, agency_name, '{SECRET}' as agency_type from agencies"
        )
        connection.exec_driver_sql(
            "create table bytes as select agency_id, agency_name, other as agency_type from agencies"
        )
    engine.dispose()
    return found


def read(address, files="sql:seen"):
    return read_database(
        source("simulated-agencies"), files, dataset="agencies", environment={"PROBLEMSOLVING_DB_AGENCIES": address}
    )


def made(address, sql):
    engine = sqlalchemy.create_engine(address, poolclass=sqlalchemy.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql(sql)
    engine.dispose()


def test_columns_that_differ_by_case_and_spaces_are_refused(address):
    made(address, f"create view twice as select *, '{SECRET}' as [AGENCY_ID ] from agencies")
    with pytest.raises(DataError, match='column "agency_id" stands more than once') as caught:
        read(address, "sql:twice")
    assert SECRET not in str(caught.value)


def test_a_view_that_never_ends_is_stopped(address):
    endless = "with recursive c(n) as (select 1 union all select n + 1 from c)"
    made(address, f"create view endless as {endless} select n as agency_id, 'x' as agency_name, 'police' as agency_type from c")  # fmt: skip
    began = time.monotonic()
    with pytest.raises(DataError, match="not read in 1 seconds; ask its owner for a faster view"):
        read_database(
            source("simulated-agencies"),
            "sql:endless",
            dataset="agencies",
            environment={"PROBLEMSOLVING_DB_AGENCIES": address},
            seconds=1,
        )
    assert time.monotonic() - began < 10


def test_a_view_is_read_in_key_order(address):
    reading = read(address)
    assert reading.frame["agency_id"].tolist() == ["a", "b", "c"] and reading.frame["agency_name"].tolist() == [
        "Ay",
        "Bee",
        "Sea",
    ]
    assert reading.files[0]["name"] == "sqlite partners.db: seen" and reading.files[0]["rows"] == 3


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ("sql:nothing", "no such table or view"),
        ("sql:short", 'column "agency_name" is missing'),
        ("sql:wrong", 'not in codelist agency-types, 3 rows: sqlite partners.db: wrong row 1'),
        ("sql:bytes", "row 1: holds bytes"),
        ('sql:seen"; drop table agencies; --', "not the name of a table"),
        ("sql:a.b.c", "not the name of a table"),
        ("sql:", "not the name of a table"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_without_a_value(address, files, told):
    with pytest.raises(DataError) as caught:
        read(address, files)
    assert told in str(caught.value) and SECRET not in str(caught.value) and address not in str(caught.value)
    assert read(address).rows == 3


@pytest.mark.parametrize(
    "bad",
    ["", f"postgresql://u:{SECRET}@[", f"nonsense://u:{SECRET}@host/x", SECRET, f"sqlite:////nowhere/{SECRET}/x.db"],
)
def test_an_address_that_does_not_work_is_never_shown(bad):
    with pytest.raises(DataError) as caught:
        read(bad)
    assert SECRET not in str(caught.value) and "agencies" in str(caught.value)


def with_database(profile, files="sql:seen"):
    path = profile / "problem.yml"
    lines = path.read_text("utf-8").splitlines()
    path.write_text("\n".join(
        f'  agencies: {{source: simulated-agencies, files: "{files}", sharing: sharing/agencies.yml}}' if line.startswith("  agencies:") else line for line in lines
    ), "utf-8")  # fmt: skip
    return profile


def test_a_profile_names_a_table_and_the_environment_the_address(profile, address, monkeypatch):
    whole = read_problem(with_database(profile))
    problem = dataclasses.replace(whole, sources=tuple(found for found in whole.sources if found.name == "agencies"))
    with pytest.raises(DataError) as caught:
        find_files(problem)
    assert "set the environment variable PROBLEMSOLVING_DB_AGENCIES" in str(caught.value)
    monkeypatch.setenv("PROBLEMSOLVING_DB_AGENCIES", address)
    assert read_all(problem, dt.date(2026, 1, 1))["agencies"].rows == 3


def test_a_name_that_is_not_one_is_a_fault_of_the_profile(profile):
    with pytest.raises(ParameterError) as caught:
        read_problem(with_database(profile, "sql:seen; drop"))
    assert "sources.agencies.files: not the name of a table or view" in str(caught.value)


def test_a_source_without_people_has_no_records_of_persons(profile):
    path = profile / "sharing" / "agencies.yml"
    text = path.read_text("utf-8")
    path.write_text(
        "\n".join("level: person" if line.startswith("level:") else line for line in text.splitlines()), "utf-8"
    )
    with pytest.raises(SharingError) as caught:
        check_sharing(read_problem(profile), today=dt.date(2026, 1, 1))
    assert "never linked to them" in str(caught.value)
