"""A data set in a real PostgreSQL: the same rows and faults as from files, read only, and no word of the address."""

import datetime as dt
import decimal

import pytest
import sqlalchemy

from problemsolving.dictionary.database import read_database
from problemsolving.dictionary.reading import read_source
from problemsolving.dictionary.schema import source
from problemsolving.errors import DataError

pytestmark = [pytest.mark.database, pytest.mark.xdist_group("postgres")]
SECRET = "zq-secret"
TODAY = dt.date(2026, 1, 1)
TEN = [
    (f"D{place:02d}", f"p{place}", dt.datetime(2024, 7, 1 + place, 23, 40), "Emergency department", "Yes" if place else None)
    for place in range(10)
]  # fmt: skip
CREATE = """
create schema if not exists care;
drop table if exists care.detention_table cascade;
create table care.detention_table (
  "Detention ID" text, "Person pseudonym" text, "Detained at" timestamp, "Arrived at place of safety" timestamp, "Police left at" timestamp,
  "Assessed at" timestamp, "Ended at" timestamp, "Place of safety" text, "Outcome" text, "Extended" text, "Never asked for" text);
create or replace view care.detentions as select * from care.detention_table;
drop table if exists public.trusts;
create table public.trusts (nhs_trust22_code char(3), date date, total_attendances bigint, "attendances_over_4hours" numeric(12, 2),
  total_emergency_admissions double precision, emergency_admissions_over_4hours smallint);
"""


@pytest.fixture(scope="module")
def engine(postgres):
    made = sqlalchemy.create_engine(postgres, poolclass=sqlalchemy.NullPool)
    yield made
    made.dispose()


@pytest.fixture
def filled(engine):
    with engine.begin() as connection:
        for statement in CREATE.split(";"):
            if statement.strip():
                connection.exec_driver_sql(statement)
        for key, person, at, place, extended in reversed(TEN):
            values = {"k": key, "p": person, "at": at, "to": at + dt.timedelta(hours=1), "place": place, "e": extended}
            connection.execute(
                sqlalchemy.text('insert into care.detention_table values (:k, :p, :at, :to, null, null, null, :place, null, :e, null)'),
                values,
            )  # fmt: skip
    return engine


def read(address, files="sql:care.detentions", name="section-136"):
    environment = {"PROBLEMSOLVING_DB_DETENTIONS": address}
    return read_database(source(name), files, dataset="detentions", environment=environment, today=TODAY)


def refused(address, files="sql:care.detentions", name="section-136"):
    with pytest.raises(DataError) as caught:
        read(address, files, name)
    told = str(caught.value)
    for word in ("owner-secret", "reader-secret", "127.0.0.1", "pg8000", SECRET, str(address)):
        assert word not in told
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return told


def test_rows_come_in_key_order_as_from_a_file(filled, postgres, tmp_path):
    reading = read(postgres)
    header = [column.from_ for column in source("section-136").columns.values()]
    lines = [",".join(dict.fromkeys(header))]
    for key, person, at, place, extended in TEN:
        lines.append(
            f"{key},{person},{at:%d/%m/%Y %H:%M},{at + dt.timedelta(hours=1):%d/%m/%Y %H:%M},,,,{place},,{extended or ''}"
        )
    (tmp_path / "same.csv").write_text("\n".join(lines) + "\n", "utf-8")
    same = read_source(source("section-136"), [tmp_path / "same.csv"], root=tmp_path, today=TODAY)
    assert reading.frame.equals(same.frame) and reading.frame["detention_id"].tolist() == [row[0] for row in TEN]
    assert reading.frame["detained_at"].dt.hour.unique().tolist() == [22]  # British summer time


def test_provenance_names_the_database_without_a_login(filled, postgres):
    (told,) = read(postgres).files
    assert told["name"] == "postgresql postgres: care.detentions" and told["rows"] == 10 and len(told["sha256"]) == 64
    assert read(postgres).files[0]["sha256"] == told["sha256"]


def test_dates_and_numbers_of_the_database_become_the_publishers_text(filled, postgres):
    with filled.begin() as connection:
        connection.execute(
            sqlalchemy.text("insert into trusts values ('RC9', :d, 17570, :n, 1e-7 * 1e7, null)"),
            {"d": dt.date(2021, 4, 1), "n": decimal.Decimal("12.00")},
        )
    frame = read(postgres, "sql:trusts", "nhs-emergency-attendances").frame
    assert frame["month"].tolist() == ["2021-04"] and frame["attendances_over_4_hours"].tolist() == [12]
    assert frame["admissions"].tolist() == [1] and frame["admissions_over_4_hours"].isna().all()


def test_faults_name_the_row_in_key_order(filled, postgres):
    with filled.begin() as connection:
        connection.exec_driver_sql(
            f"update care.detention_table set \"Place of safety\" = '{SECRET}' where \"Detention ID\" = 'D03'"
        )
    told = refused(postgres)
    assert (
        'column "Place of safety": not in codelist places-of-safety, 1 row: postgresql postgres: care.detentions row 4'
        in told
    )


def test_nothing_can_be_written(filled, postgres):
    with filled.begin() as connection:
        connection.exec_driver_sql(
            "create or replace function care.meddle() returns text language plpgsql as $$ begin delete from care.detention_table; return 'x'; end $$"
        )
        connection.exec_driver_sql(
            "create or replace view care.trap as select care.meddle() as nothing, d.* from care.detention_table d"
        )
    assert "SQLSTATE 25006" in refused(postgres, "sql:care.trap")  # read_only_sql_transaction
    with filled.connect() as connection:
        assert connection.exec_driver_sql("select count(*) from care.detention_table").scalar() == 10


def test_no_log_and_no_stream_carries_what_a_driver_says(filled, postgres, caplog, capfd):
    with filled.begin() as connection:
        connection.exec_driver_sql(
            f"create or replace function care.cry() returns text language plpgsql as $$ begin raise exception '{SECRET}'; end $$"
        )
        connection.exec_driver_sql(
            "create or replace view care.crying as select care.cry() as nothing, d.* from care.detention_table d offset 0"
        )
        connection.exec_driver_sql(
            "create or replace view care.cries as select * from care.crying where nothing is null"
        )
    assert "SQLSTATE P0001" in refused(postgres, "sql:care.cries")
    assert SECRET not in caplog.text and SECRET not in "".join(capfd.readouterr())


def test_only_the_mapped_columns_are_asked_for(filled, postgres):
    """A login that may read all columns but one that nobody maps reads the table."""
    login(filled, "column_reader")
    granted = ", ".join(
        f'"{column}"' for column in dict.fromkeys(c.from_ for c in source("section-136").columns.values())
    )
    with filled.begin() as connection:
        connection.exec_driver_sql(f"grant select ({granted}) on care.detention_table to column_reader")
    assert read(as_login(postgres, "column_reader"), "sql:care.detention_table").rows == 10


def login(engine, name):
    with engine.begin() as connection:
        if not connection.exec_driver_sql(f"select 1 from pg_roles where rolname = '{name}'").scalar():
            connection.exec_driver_sql(f"create role {name} login password 'reader-secret'")
        connection.exec_driver_sql(f"grant usage on schema care to {name}")


def as_login(postgres, name):
    return postgres.replace("owner:owner-secret", f"{name}:reader-secret")


def test_what_is_not_there_or_not_allowed_is_told_with_a_remedy(filled, postgres):
    login(filled, "no_rights")
    assert "may not read this; ask its owner" in refused(as_login(postgres, "no_rights"))
    assert "the login is refused" in refused(postgres.replace("owner-secret", "wrong"))
    assert "no such table or view" in refused(postgres, "sql:care.nothing")
    assert "no such table or view" in refused(postgres, "sql:nowhere.detentions")
    missing = refused(postgres, "sql:trusts")
    assert 'column "Detention ID" is missing' in missing and missing.count("is missing") == 10


def test_no_connection_is_told(postgres):
    import socket

    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    address = f"postgresql+pg8000://owner:owner-secret@127.0.0.1:{port}/postgres"
    assert "cannot be reached" in refused(address)


def test_an_empty_table_is_told(filled, postgres):
    with filled.begin() as connection:
        connection.exec_driver_sql("delete from care.detention_table")
    assert "holds no rows" in refused(postgres)


def test_many_rows_are_streamed(filled, postgres):
    with filled.begin() as connection:
        connection.exec_driver_sql(
            "insert into trusts select lpad(to_hex(n / 400), 3, '0'), date '1995-01-01' + make_interval(months => n % 360), n, 0, 0, 0 from generate_series(0, 24999) n"
        )
        connection.exec_driver_sql("update trusts set nhs_trust22_code = upper(nhs_trust22_code)")
        connection.exec_driver_sql(
            "delete from trusts a using trusts b where a.ctid < b.ctid and a.nhs_trust22_code = b.nhs_trust22_code and a.date = b.date"
        )
        rows = connection.exec_driver_sql("select count(*) from trusts").scalar()
    reading = read(postgres, "sql:public.trusts", "nhs-emergency-attendances")
    assert reading.rows == rows > 20_000
