"""City of London files carry codes of 2011; Bedfordshire files carry codes of 2021."""

import csv
import gzip
from collections import Counter, defaultdict

import pandas as pd
import pytest

from problemsolving.dictionary.reading import read_source
from problemsolving.dictionary.schema import source
from problemsolving.dictionary.vintage import best_fit_2021

pytestmark = pytest.mark.data
LOOKUP = "geography/lookups/lookup_lsoa11_lsoa21_ltla22.csv.gz"


@pytest.fixture(scope="module")
def changes(real_data):
    return read_source(source("ons-lsoa11-lsoa21"), [real_data / LOOKUP], root=real_data).frame


@pytest.fixture(scope="module")
def children(real_data):
    """Old code → new codes, by the csv module alone."""
    found = defaultdict(set)
    with gzip.open(real_data / LOOKUP, "rt", encoding="utf-8-sig") as stream:
        for row in csv.DictReader(stream):
            found[row["lsoa11_code"]].add(row["lsoa21_code"])
    return found


@pytest.mark.parametrize("pattern", ["police_uk/city-of-london/*-street.csv", "police_uk/bedfordshire/2021-0*/*-street.csv"])  # fmt: skip
def test_real_codes_are_carried_to_successors_of_theirs(real_data, changes, children, pattern):
    paths = sorted(real_data.glob(pattern))
    codes = read_source(source("police-uk-street"), paths, root=real_data).frame["area_code"]
    found = best_fit_2021(codes, changes)
    counted = Counter(codes.dropna())
    new = set().union(*children.values())
    retired = {code: n for code, n in counted.items() if code in children and code not in new}
    assert found.retired == sum(retired.values()) == found.exact + found.shared
    assert found.shared == sum(n for code, n in retired.items() if len(children[code]) > 1)
    assert found.unknown == sum(n for code, n in counted.items() if code not in children and code not in new)
    pairs = set(zip(codes.dropna(), found.codes.dropna(), strict=True))
    assert all(after in children[before] if before in retired else after == before for before, after in pairs)
    assert (found.caveat == "") == (found.retired == 0) and found.codes.isna().equals(codes.isna())


def test_city_of_london_has_retired_codes_and_bedfordshire_has_none(real_data, changes):
    def retired(pattern):
        paths = sorted(real_data.glob(pattern))
        return best_fit_2021(read_source(source("police-uk-street"), paths, root=real_data).frame["area_code"], changes)

    city, bedfordshire = retired("police_uk/city-of-london/*-street.csv"), retired("police_uk/bedfordshire/2021-0*/*-street.csv")  # fmt: skip
    assert city.retired > 0 and "retired in 2021: best-fit lookup used for" in city.caveat and city.current == 0
    assert bedfordshire.retired == 0 and bedfordshire.current > 0


def test_every_area_of_2011_is_carried_and_a_split_one_in_equal_parts(changes, children):
    old = pd.Series(sorted(code for code in children for _ in range(12)))
    found = best_fit_2021(old, changes)
    new = set().union(*children.values())
    assert set(found.codes) <= new and found.unknown == 0
    pairs = Counter(zip(old, found.codes, strict=True))
    for code, successors in children.items():
        if code not in new and 12 % len(successors) == 0:
            assert {pairs[code, successor] for successor in successors} == {12 // len(successors)}
