"""Overlap and comparison on real records, against counts made with the csv module alone."""

import csv
from collections import Counter, defaultdict
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from problemsolving.network.compare.nulls import degree_null_test
from problemsolving.network.compare.qap import compare_ties, qap_correlation
from problemsolving.network.compare.waves import compare_waves
from problemsolving.network.overlap.hidden_cohort import size_hidden_cohort
from problemsolving.network.overlap.pairs import share_more
from problemsolving.network.overlap.several import known_to_several

pytestmark = pytest.mark.data


@pytest.fixture(scope="module")
def groups(real_data):
    """Groups of a hospital that met each patient, by the csv module."""
    met = defaultdict(set)
    with (real_data / "event_logs/sepsis.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            if row["org:group"] not in ("", "?"):
                met[row["case:concept:name"]].add(row["org:group"])
    return met


@pytest.fixture(scope="module")
def table(groups):
    return pd.DataFrame([(case, name) for case, names in groups.items() for name in names], columns=["person_id", "agency"])  # fmt: skip


def test_people_by_number_of_groups(groups, table):
    found = known_to_several(table, population=len(groups), most=6)
    counted = Counter(min(len(names), 6) for names in groups.values())
    assert found.frame["count"].tolist() == [counted[number] for number in range(7)]
    assert "times" in found.summary()


def test_pairs_of_groups(groups, table):
    found = share_more(table, population=len(groups)).estimates().set_index("group")
    counted = Counter(pair for names in groups.values() for pair in combinations(sorted(names), 2))
    agencies = sorted({name for names in groups.values() for name in names})
    assert len(found) == len(agencies) * (len(agencies) - 1) / 2
    assert all(found.loc[f"{a} & {b}", "count"] == counted[a, b] for a, b in combinations(agencies, 2))
    sizes = Counter(name for names in groups.values() for name in names)
    a, b = max(counted, key=counted.get)
    assert found.loc[f"{a} & {b}", "by_independence"] == pytest.approx(
        counted[a, b] * len(groups) / sizes[a] / sizes[b]
    )
    assert found["count"].sum() == pytest.approx(found["expected"].sum())


def test_a_cohort_on_no_list(groups, table):
    listed = sorted(groups)[::3]
    found = size_hidden_cohort(table, on_list=listed, least=4, others=(3, 5)).estimates()["estimate"]
    assert found.iloc[0] == sum(len(names) >= 4 and case not in set(listed) for case, names in groups.items())


def ties_of(path, column):
    """Agencies and their scores as a table, and the same in plain Python."""
    with path.open(encoding="utf-8", newline="") as stream:
        scores = {(int(row["from"]), int(row["to"])): float(row[column]) for row in csv.DictReader(stream)}
    return scores


@pytest.fixture(scope="module")
def partnership(real_data):
    """Contact at least weekly-like (3 or more) and collaboration (3 or more) of 25 agencies."""
    scores = [ties_of(real_data / f"networks/TC_TC{name}_edges.csv", column) for name, column in (("cnt", "contact"), ("coll", "collaborate"))]  # fmt: skip
    size = max(max(pair) for found in scores for pair in found)
    tied = [{pair for pair, score in found.items() if score >= 3 and pair[0] != pair[1]} for found in scores]
    tables = []
    for pairs in tied:
        ties = np.zeros((size, size))
        for a, b in pairs:
            ties[a - 1, b - 1] = 1
        tables.append(ties)
    return size, tied, tables


def test_contact_and_collaboration_of_a_real_partnership(partnership):
    size, (contact, together), tables = partnership
    found = compare_ties(*tables)
    undirected = all((b, a) in pairs for pairs in (contact, together) for a, b in pairs)
    assert found.shared == len(contact & together) / (2 if undirected else 1)
    assert found.jaccard == pytest.approx(len(contact & together) / len(contact | together))
    pairs, a, b = size * (size - 1), len(contact), len(together)
    by_hand = (len(contact & together) / pairs - a * b / pairs**2) / np.sqrt(a / pairs * (1 - a / pairs) * b / pairs * (1 - b / pairs))  # fmt: skip
    row = qap_correlation(*tables, rng=np.random.default_rng(1)).frame.iloc[0]
    assert row["estimate"] == pytest.approx(by_hand) and row["p_greater"] <= 0.001


def test_what_collaboration_adds_to_contact(partnership):
    size, (contact, together), tables = partnership
    cells = compare_waves(*tables, rng=np.random.default_rng(1)).frame.set_index("group")["count"]
    half = 1 if any((b, a) not in pairs for pairs in (contact, together) for a, b in pairs) else 2
    assert cells["kept"] == len(contact & together) / half
    assert cells["gained"] == len(together - contact) / half and cells["lost"] == len(contact - together) / half
    assert cells.sum() == size * (size - 1) / half


@pytest.mark.parametrize("town", ["Texas", "Wichita"])
def test_searches_return_ties_beyond_their_numbers(real_data, town):
    pairs = {pair for pair in ties_of(real_data / f"networks/emon_{town}_edges.csv", "Frequency") if pair[0] != pair[1]}
    size = max(max(pair) for pair in pairs)
    ties = np.zeros((size, size))
    for a, b in pairs:
        ties[a - 1, b - 1] = 1
    row = degree_null_test(ties, statistics=["reciprocity"], rng=np.random.default_rng(1)).frame.iloc[0]
    assert row["estimate"] == pytest.approx(sum((b, a) in pairs for a, b in pairs) / len(pairs))
    assert 0 < row["expected"] < 1 and row["p_greater"] + row["p_less"] > 1
