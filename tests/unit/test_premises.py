"""Points that hold too many incidents to be where these took place."""

import numpy as np
import pandas as pd
import pytest

from problemsolving.governance.policies import POLICIES
from problemsolving.governance.release import release
from problemsolving.measures.premises import ALL, FAR, OTHERS, find_unusual_points

SAFE = POLICIES["opensafely"]


def incidents(**more):
    """A street grid of 100 points with 2 incidents each, and points that hold what is given by name."""
    rows = [(-0.4 + 0.001 * (at % 10), 51.9 + 0.001 * (at // 10), "Mill Street") for at in range(100) for _ in range(2)]
    for at, (words, count) in enumerate(more.items()):
        rows += [(-0.3955 + 0.0002 * at, 51.9051, words.replace("_", " "))] * count
    return pd.DataFrame(rows, columns=["longitude", "latitude", "location"])


def reasons(found):
    return dict(zip(found.frame["group"], found.frame["reason"], strict=True))


def test_words_and_numbers_each_tell_a_point():
    table = incidents(On_or_near_Police_Station=40, High_Street=60, Hospital_Road=19, General_Hospital=19)
    found = find_unusual_points(table, location="location", show_locations=True)
    assert reasons(found) == {
        "High Street (point 2)": FAR,
        "On or near Police Station (point 1)": f"named as police station; {FAR}",
        OTHERS: "",
        ALL: "",
    }, "fewer than twenty incidents are not reported"
    assert found.frame["count"].tolist() == [60, 40, 238, 338] and found.at_unusual.sum() == 100
    assert len(table[~found.at_unusual]) == 238


def test_without_permission_no_word_of_a_location_is_shown():
    table = incidents(Police_Station=40, High_Street=60)
    found = find_unusual_points(table, location="location")
    text = found.summary() + repr(found.table()) + repr(found.values()) + repr(found.cells().to_dict())
    assert "High Street" not in text and "Mill Street" not in text and "point 2" in text
    labels = [label.get_text() for label in found.plot().get_yticklabels()]
    assert labels == ["point 2", "point 1"]


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("On or near Police Station", "police station"),
        ("St Mary's Hospital", "hospital"),
        ("Hospital Lane", ""),
        ("Bramley Court", ""),
        ("Court", "court"),
        ("Court Drive", ""),
        ("Luton Magistrates' Court", "court"),
        ("Crown Court", "court"),
        ("Crown Court Road", ""),
        ("On or near Prison", "prison"),
        ("HMP Bedford", "prison"),
        ("Shopping Area", "shopping centre"),
        ("Retail Park", "shopping centre"),
        ("Station Road", ""),
        ("Policeman's Lane", ""),
    ],
)
def test_premises_are_told_from_streets_named_after_them(words, kind):
    table = incidents().assign(location=words)
    found = find_unusual_points(pd.concat([table] * 10), location="location", ratio=1e6)
    assert set(found.frame["reason"]) - {""} == ({f"named as {kind}"} if kind else set())


def test_a_busy_neighbourhood_is_not_unusual_a_lone_point_is():
    busy = pd.concat([incidents(a=30, b=30, c=30, d=30, e=30, f=30, g=30, h=30, i=30, j=30, k=30)])
    assert len(find_unusual_points(busy).frame) == 2
    assert len(find_unusual_points(incidents(a=30)).frame) == 3


def test_points_are_told_apart_by_an_address_where_their_places_differ():
    rng = np.random.default_rng(1)
    table = incidents(desk=60)
    at_desk = table["location"] == "desk"
    table.loc[at_desk, "longitude"] += rng.uniform(-1e-4, 1e-4, at_desk.sum())
    assert len(find_unusual_points(table).frame) == 2
    table["address"] = np.where(at_desk, "desk", table["longitude"].astype(str) + table["latitude"].astype(str))
    assert find_unusual_points(table, by="address").at_unusual.tolist() == at_desk.tolist()


def test_rows_without_a_place_are_left_out_aloud_and_stay_in_the_table():
    table = incidents(a=40)
    table.loc[[0, 200], "latitude"] = np.nan
    found = find_unusual_points(table)
    assert found.frame["count"].iloc[-1] == 238 and found.at_unusual.sum() == 39 and not found.at_unusual[200]
    assert "incidents without a place were left out" in found.caveats


def test_shares_and_limits():
    from problemsolving.stats.intervals import wilson_limits

    row = find_unusual_points(incidents(a=40)).estimates().iloc[0]
    low, high = wilson_limits(40, 240)
    assert (row["estimate"], row["low"], row["high"]) == pytest.approx((40 / 240, float(low), float(high)))
    none = find_unusual_points(incidents())
    assert none.plot() is None and "No point" in none.summary() and none.values() == []


def test_release_rounds_names_no_withheld_point_and_drops_the_rows():
    raw = find_unusual_points(incidents(a=43, b=7), at_least=5, ratio=1.5, share=0.02)
    assert len(raw.frame) == 4
    shown = release(raw, SAFE).result
    assert shown.at_unusual is None and shown.frame["group"].tolist() == ["point 1", OTHERS, ALL]
    assert [value.n for value in shown.values()] == [45]
    assert "point 2" not in shown.summary() + repr(shown.table()) + repr(shown.values())
    assert release(raw, POLICIES["open"]).result.values() == raw.values()
    strict = release(raw, POLICIES["ons"]).result
    assert strict.frame["count"].isna().sum() != 1, "the total would tell a lone withheld count"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"by": "address"}, "no column 'address'"),
        ({"show_locations": True}, "needs location"),
        ({"share": 2}, "share must lie"),
        ({"ratio": 1}, "ratio above 1"),
        ({"k": 0}, "k and at_least"),
    ],
)
def test_wrong_input_is_refused_in_words(settings, words):
    with pytest.raises(ValueError, match=words):
        find_unusual_points(incidents(), **settings)
    with pytest.raises(ValueError, match="no incident has a place"):
        find_unusual_points(incidents().assign(latitude=np.nan))


@pytest.mark.data
def test_the_police_stations_of_milwaukee_are_found_and_no_house_number_is_shown(real_data):
    """Seven district stations: where officers return to and reports are taken at the desk."""
    calls = pd.read_csv(real_data / "calls_for_service" / "milwaukee_2018-05_calls.csv")
    found = find_unusual_points(calls, by="location", of="calls")
    stations = calls.loc[calls["nature"] == "RETURN STATION", "location"].value_counts().index[:7]
    assert found.at_unusual[calls["location"].isin(stations)].all() and len(found.frame) <= 12
    held = calls[found.at_unusual]
    assert (held["nature"] == "RETURN STATION").sum() / (calls["nature"] == "RETURN STATION").sum() > 0.9
    text = found.summary() + repr(found.table()) + repr(found.values()) + repr(found.cells().to_dict())
    assert not any(address.split(",")[0] in text for address in held["location"].unique())


@pytest.mark.data
def test_the_stations_and_shopping_areas_of_bedfordshire_are_found(real_data):
    months = sorted((real_data / "police_uk" / "bedfordshire").iterdir())[:6]
    files = [path for month in months for path in month.glob("*-street.csv*")]
    table = pd.concat([pd.read_csv(path, usecols=["Longitude", "Latitude", "Location"]) for path in files])
    found = find_unusual_points(
        table, location="Location", longitude="Longitude", latitude="Latitude", show_locations=True
    )
    assert {"named as police station", "named as shopping centre"} <= {
        reason.split(";")[0] for reason in found.frame["reason"]
    }
    assert not found.frame["group"].str.contains("Court|Station Road").any()
