"""The Bedfordshire profile against a count of its own with the csv module."""

import csv
import datetime as dt
import gzip
import json
import shutil
from collections import Counter
from zoneinfo import ZoneInfo

import pytest

from problemsolving.dictionary.reading import read_source
from problemsolving.dictionary.schema import source
from problemsolving.notebooks.record import read_record
from problemsolving.report.page import run_and_publish

pytestmark = [pytest.mark.data, pytest.mark.xdist_group("bedfordshire")]
DISTRICTS = {"E06000055": "Bedford", "E06000032": "Luton", "E06000056": "Central Bedfordshire"}
WHAT = "Violence and sexual offences"


@pytest.fixture(scope="module")
def run(root, real_data, tmp_path_factory):
    profile = tmp_path_factory.mktemp("bedfordshire") / "bedfordshire-violence"
    shutil.copytree(root / "analyses/bedfordshire-violence", profile, ignore=shutil.ignore_patterns("runs", "data"))
    return run_and_publish(profile, parameters={"data": str(real_data)})


@pytest.fixture(scope="module")
def values(run):
    return json.loads((run / "released/results.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def counted(real_data):
    """Rows of the problem by month and LSOA, counted with the csv module alone."""
    rows = Counter()
    for path in sorted(real_data.glob("police_uk/bedfordshire/*/*-street.csv")):
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows.update((row["Month"], row["LSOA code"]) for row in csv.DictReader(stream) if row["Crime type"] == WHAT)
    return rows


@pytest.fixture(scope="module")
def district_of(real_data):
    with gzip.open(
        real_data / "geography/lookups/lookup_lsoa21_ward24_ltla24.csv.gz", "rt", encoding="utf-8-sig"
    ) as stream:
        return {row["lsoa21_code"]: row["ltla24_code"] for row in csv.DictReader(stream)}


@pytest.fixture(scope="module")
def residents(real_data):
    """Residents of 2021 areas: each 2011 area's people split equally among its children."""
    with gzip.open(real_data / "population/population20_lsoa11.csv.gz", "rt", encoding="utf-8-sig") as stream:
        people = {row["lsoa11_code"]: float(row["total_population"]) for row in csv.DictReader(stream)}
    with gzip.open(
        real_data / "geography/lookups/lookup_lsoa11_lsoa21_ltla22.csv.gz", "rt", encoding="utf-8-sig"
    ) as stream:
        pairs = [(row["lsoa11_code"], row["lsoa21_code"]) for row in csv.DictReader(stream)]
    children, carried = Counter(old for old, _ in pairs), Counter()
    for old, new in pairs:
        carried[new] += people[old] / children[old]
    assert sum(carried.values()) == pytest.approx(sum(people.values()))
    return carried


def pick(values, stage, name):
    return {
        value["group"] if value["name"] != "incidents_by_month" else value["period"]: value
        for value in values
        if (value["stage"], value["name"]) == (stage, name)
    }


def test_incidents_read_placed_and_not(values, counted, district_of):
    found = {group: value["estimate"] for group, value in pick(values, "scan", "incidents").items()}
    unplaced = sum(count for (_, code), count in counted.items() if not code)
    inside = sum(count for (_, code), count in counted.items() if district_of.get(code) in DISTRICTS)
    read = sum(counted.values())
    assert found == {"read": read, "in area": inside, "unplaced": unplaced, "elsewhere": read - inside - unplaced}
    assert read == 37_710


def test_each_month(values, counted, district_of):
    months = Counter()
    for (month, code), count in counted.items():
        months[month] += count if district_of.get(code) in DISTRICTS else 0
    assert {month: value["estimate"] for month, value in pick(values, "scan", "incidents_by_month").items()} == dict(
        months
    )
    assert len(months) == 24


def test_rates(values, counted, district_of, residents):
    found = pick(values, "scan", "rate")
    for code, name in DISTRICTS.items():
        events = sum(
            count
            for (month, area), count in counted.items()
            if district_of.get(area) == code and "2021-05" <= month <= "2022-04"
        )
        people = sum(number for area, number in residents.items() if district_of.get(area) == code)
        assert found[name]["n"] == events and found[name]["estimate"] == pytest.approx(events / people * 100_000)


def test_gini(values, counted, district_of):
    areas = {code: 0 for code, district in district_of.items() if district in DISTRICTS}
    for (_, code), count in counted.items():
        if code in areas:
            areas[code] += count
    ordered = sorted(areas.values())
    n, total = len(ordered), sum(ordered)
    gini = sum((2 * rank - n - 1) * count for rank, count in enumerate(ordered, 1)) / (n * total)
    (found,) = pick(values, "scan", "gini").values()
    assert n == 417 and found["estimate"] == pytest.approx(gini) and found["low"] < gini < found["high"]


def test_slope_index(values, counted, district_of, residents, real_data):
    with gzip.open(real_data / "deprivation/imd2025_england_lsoa21.csv.gz", "rt", encoding="utf-8-sig") as stream:
        decile = {row["lsoa21_code"]: int(float(row["Income_decile"])) for row in csv.DictReader(stream)}
    events, people = Counter(), Counter()
    for code, district in district_of.items():
        if district in DISTRICTS:
            people[decile[code]] += residents[code]
    for (month, code), count in counted.items():
        if district_of.get(code) in DISTRICTS and month <= "2022-04":
            events[decile[code]] += count
    total, below, points = sum(people.values()), 0.0, []
    for group in sorted(people):
        share = people[group] / total
        points.append((share, below + share / 2, events[group] / people[group] * 100_000))
        below += share
    x = sum(w * ridit for w, ridit, _ in points)
    y = sum(w * rate for w, _, rate in points)
    slope = sum(w * (ridit - x) * (rate - y) for w, ridit, rate in points) / sum(
        w * (ridit - x) ** 2 for w, ridit, _ in points
    )
    (found,) = pick(values, "scan", "slope_index").values()
    assert found["estimate"] == pytest.approx(slope) and found["low"] < slope < found["high"] < 0


def test_what_the_source_cannot_tell_is_said(values):
    silent = {value["name"]: value["withheld"] for value in values if value["estimate"] is None}
    assert silent["hot_times"] == "not estimable: source has months only"
    assert silent["victims_by_age"] == "not estimable: source has no people"
    assert silent["effect"].startswith("not estimable: no response is recorded")
    assert silent["forecast"].startswith("not estimable: 24 months; 36 are needed")
    assert "offence codes" in silent["demand"] and "snapped" in silent["near_repeats"]
    silent_here = {"agency_network", "median_wait", "next_contact", "repeat_victims", "repeat_times", "near_repeats"}
    assert silent_here | {"failure_demand", "overlap", "hidden_population", "register"} <= set(silent)


def test_stops_by_age_for_residents(values, real_data, district_of, residents):
    """Stops of persons by age band over residents of that age, counted with the csv module."""
    bands = {"10-17": range(10, 18), "18-24": range(18, 25), "25-34": range(25, 35), "over 34": range(35, 91)}
    stops, people = Counter(), Counter()
    for path in sorted(real_data.glob("police_uk/bedfordshire/*/*-stop-and-search.csv")):
        with path.open(encoding="utf-8-sig", newline="") as stream:
            for row in csv.DictReader(stream):
                local = dt.datetime.fromisoformat(row["Date"]).astimezone(ZoneInfo("Europe/London"))
                if row["Type"] != "Vehicle search" and "2021-05" <= f"{local:%Y-%m}" <= "2023-04":
                    stops[row["Age range"]] += 1
    with gzip.open(real_data / "population/population20_lsoa11.csv.gz", "rt", encoding="utf-8-sig") as stream:
        rows = {row["lsoa11_code"]: row for row in csv.DictReader(stream)}
    lookup = real_data / "geography/lookups/lookup_lsoa11_lsoa21_ltla22.csv.gz"
    with gzip.open(lookup, "rt", encoding="utf-8-sig") as stream:
        pairs = [(row["lsoa11_code"], row["lsoa21_code"]) for row in csv.DictReader(stream)]
    children = Counter(old for old, _ in pairs)
    for old, new in pairs:
        if district_of.get(new) in DISTRICTS:
            for band, ages in bands.items():
                people[band] += sum(float(rows[old]["90+" if age == 90 else str(age)]) for age in ages) / children[old]
    found = {
        v["group"]: v for v in values if v["name"] == "rate_ratio" and v["stage"] == "scan" and v["group"] in bands
    }
    assert set(found) == set(bands) - {"over 34"}
    for band, value in found.items():
        ratio = (stops[band] / people[band]) / (stops["over 34"] / people["over 34"])
        assert value["n"] == stops[band] and value["estimate"] == pytest.approx(ratio)
        assert value["low"] < ratio < value["high"]


def test_without_residents_by_ethnic_group_there_is_no_ratio(values):
    named = [v for v in values if v["name"].startswith("stops_by_ethnicity") or v["group"] in ("Asian", "Black")]
    assert named and all(value["estimate"] is None or value["estimate"] <= 1 for value in named)
    assert any("No denominators, no ratio" in caveat for value in named for caveat in value["caveats"])


def test_hot_spots_lie_in_the_town_centres_and_few_places_stand_out(run):
    findings = {f["name"]: f for f in json.loads((run / "restricted/findings.json").read_text("utf-8"))}
    assert "of 417 small areas" in findings["hot_spots"]["summary"].lower()
    assert "Luton 023A" in findings["hot_spots"]["summary"]
    assert "187 (45%) lay outside the 99.8% limits" in findings["funnel"]["summary"]
    assert "8 (2%) stood out" in findings["funnel"]["summary"]


def test_no_place_where_few_live_is_read_by_its_rate_alone(run):
    findings = {f["name"]: f for f in json.loads((run / "restricted/findings.json").read_text("utf-8"))}
    warned = [caveat for caveat in findings["rate_by_small_area"]["caveats"] if "many visit and few live" in caveat]
    assert any(caveat.startswith("3 of these places") for caveat in warned)
    assert any("2020" in caveat and "2021-05" in caveat for caveat in findings["rate"]["caveats"])


def test_drivers_have_ratios_and_none_contains_crime(values):
    drivers = pick(values, "analyse", "rate_ratio")
    assert set(drivers) == {"Income deprivation", "Barriers to housing and services", "Living environment deprivation"}
    assert all(
        value["low"] < value["estimate"] < value["high"] and value["design"] == "associational"
        for value in drivers.values()
    )


def test_the_record_knows_files_rows_and_months(run):
    inputs = {entry["dataset"]: entry for entry in read_record(run)["inputs"]}
    assert len([file for file in inputs["incidents"]["files"] if "bedfordshire" in file["name"]]) == 24
    assert inputs["incidents"]["months_missing"] == [] and all(
        len(file["sha256"]) == 64 for file in inputs["incidents"]["files"]
    )


def test_a_quoted_comma_does_not_shift_a_column(real_data):
    """DuckDB's sniffer loses this row in silence; a stated dialect does not."""
    import duckdb

    pattern = str(real_data / "police_uk/bedfordshire/*/*-street.csv")
    query = 'select count(*) from read_csv(?) where "Crime type" = ?'
    sniffed = duckdb.connect().execute(query, [pattern, WHAT]).fetchone()[0]
    paths = sorted(real_data.glob("police_uk/bedfordshire/*/*-street.csv"))
    stated = read_source(source("police-uk-street"), paths, root=real_data).frame
    assert (stated["category"] == "violent-crime").sum() == 37_710
    assert sniffed == 37_709, "the sniffer has learnt: the reason to keep it off may be told anew"


def test_rows_without_an_identifier_are_kept(real_data):
    paths = sorted(real_data.glob("police_uk/bedfordshire/*/*-street.csv"))
    found = read_source(source("police-uk-street"), paths, root=real_data).frame
    disorder = found[found["category"] == "anti-social-behaviour"]
    assert len(disorder) == 23_528 and disorder["incident_id"].isna().all()
