"""Who is known to several agencies: independence first, then pairs given the number, then who is on no list."""

from dataclasses import replace
from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest
from scipy import sparse, stats

from problemsolving import draw
from problemsolving.errors import NetworkError, NotEstimableError
from problemsolving.governance.policies import POLICIES
from problemsolving.governance.release import release
from problemsolving.network.overlap.bicm import bipartite_configuration
from problemsolving.network.overlap.given_number import shared_given_number
from problemsolving.network.overlap.hidden_cohort import relinked, size_hidden_cohort
from problemsolving.network.overlap.independence import (
    Expected,
    expected_classes,
    expected_or_more,
    lower_tail,
    poisson_binomial,
    upper_tail,
)
from problemsolving.network.overlap.memberships import read_memberships
from problemsolving.network.overlap.pairs import share_more
from problemsolving.network.overlap.several import known_to_several
from problemsolving.network.overlap.tails import binomial_sum_tails
from problemsolving.report.safe import check_picture
from problemsolving.results import NotEstimable
from problemsolving.simulate.lists import CASE, NEED, draw_cases, list_rows, overlap_truths, vulnerable_share_known
from problemsolving.simulate.pathways import NAMES as PATHWAYS
from problemsolving.simulate.plan import make_partnership
from problemsolving.simulate.worlds import plant

CLOSED = ["opensafely", "nhs-hes", "ons", "acro"]
TRUTHS = plant()
NAMES = list(TRUTHS.known_share)
SHARE = np.array(list(TRUTHS.known_share.values()))
RAISED = np.array([vulnerable_share_known(share, TRUTHS.vulnerable_odds) for share in SHARE])
PEOPLE = 20_000


def drawn(rng, n=PEOPLE, *, vulnerable=TRUTHS.vulnerable_share, extra=0.0):
    """A table of 0 and 1 as the simulated partnership draws it; ``extra``: share also known to the first two together."""
    known = rng.random((n, len(SHARE))) < np.where((rng.random(n) < vulnerable)[:, None], RAISED, SHARE)
    known[rng.random(n) < extra, :2] = True
    return known.astype(int)


def rows_of(matrix, names=NAMES):
    person, agency = np.nonzero(matrix)
    return pd.DataFrame({"person_id": [f"p{at}" for at in person], "agency": np.array(names, dtype=object)[agency]})


@pytest.fixture(scope="module")
def planted():
    return drawn(np.random.default_rng(1), extra=0.010)


# reading


def test_a_table_and_a_matrix_are_read_alike(planted):
    table = rows_of(planted)
    again = pd.concat([table, table.head(50)]).sample(frac=1, random_state=1)
    read, other = read_memberships(again, agencies=NAMES), read_memberships(planted, agencies=NAMES)
    assert read.agencies == other.agencies == tuple(sorted(NAMES))
    assert read.sizes.tolist() == other.sizes.tolist() and (read.shared == other.shared).all()
    assert (read.by_number()[1:] == other.by_number()[1:]).all()
    assert (
        read_memberships(sparse.coo_array(planted), agencies=NAMES).by_number().tolist() == other.by_number().tolist()
    )


def test_by_number_in_plain_python():
    rows = [("p", "a"), ("p", "b"), ("q", "b"), ("r", "a"), ("r", "b"), ("r", "c"), (None, "a"), ("s", None)]
    read = read_memberships(pd.DataFrame(rows, columns=["person_id", "agency"]), agencies=["c", "b", "a", "d"])
    assert read.agencies == ("a", "b", "c", "d") and read.sizes.tolist() == [2, 3, 1, 0]
    assert read.by_number().tolist() == [[0, 0, 0, 0], [0, 1, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0], [0, 0, 0, 0]]
    assert read.shared[0].tolist() == [2, 2, 1, 0] and "left out" in read.caveats[0]


@pytest.mark.parametrize(
    ("given", "agencies", "messages"),
    [
        (pd.DataFrame({"person": ["p"], "agency": ["a"]}), None, ['no column "person_id"; did you mean "person"?']),
        (rows_of(np.eye(3, dtype=int), ["police", "council", "fire"]), ["police", "council", "council"], ["listed twice: council"]),
        (rows_of(np.eye(3, dtype=int), ["police", "council", "fire"]), ["police", "council"], ["not listed: fire"]),
        (rows_of(np.eye(1, dtype=int), ["police"]), None, ["at least two agencies"]),
        (np.eye(3), None, ["name the columns"]),
        (np.eye(3) * 2, ["a", "b"], ["one column an agency", "0 and 1 alone"]),
    ],
)  # fmt: skip
def test_faults_are_told_at_once_without_a_person(given, agencies, messages):
    with pytest.raises(NetworkError) as error:
        read_memberships(given, agencies=agencies)
    assert all(message in str(error.value) for message in messages) and "p0" not in str(error.value)


# tails and expectations


def test_tails_of_sums_are_those_of_convolution():
    rng = np.random.default_rng(2)
    n, p = np.array([30, 7, 0, 200]), rng.random((60, 4)) ** 2
    p[:5, 0], p[5:9, 3] = 1.0, 0.0
    seen = rng.integers(0, 238, 60).astype(float)
    seen[:2] = [0, 237]
    found = binomial_sum_tails(seen, n, p)
    for row, count in enumerate(seen.astype(int)):
        law = np.ones(1)
        for trials, chance in zip(n, p[row], strict=True):
            law = np.convolve(law, stats.binom.pmf(np.arange(trials + 1), trials, chance))
        assert found.upper[row] == pytest.approx(law[count:].sum(), rel=1e-9, abs=1e-300)
        assert found.lower[row] == pytest.approx(law[: count + 1].sum(), rel=1e-9, abs=1e-300)


@pytest.mark.parametrize(("n", "p", "seen"), [(50_000, 0.01, 800), (50_000, 0.01, 300), (200_000, 0.4, 80_500), (5, 0.001, 3), (1, 0.5, 1)])  # fmt: skip
def test_tails_of_one_binomial_however_small(n, p, seen):
    upper, lower = binomial_sum_tails([seen], [n], [[p]])
    assert upper[0] == pytest.approx(stats.binom.sf(seen - 1, n, p), rel=1e-9)
    assert lower[0] == pytest.approx(stats.binom.cdf(seen, n, p), rel=1e-9)


def test_tails_beyond_reach_withheld_and_wrong():
    upper, lower = binomial_sum_tails([0, 3, np.nan, -1], [2], [[0.5]] * 4)
    assert upper[[0, 1, 3]].tolist() == [1, 0, 1] and lower[[1, 3]].tolist() == [1, 0]
    assert np.isnan([upper[2], lower[2]]).all()
    with pytest.raises(ValueError, match="between 0 and 1"):
        binomial_sum_tails([1], [2], [[1.5]])


def test_poisson_binomial_by_enumeration():
    p = np.array([0.1, 0.5, 0.7, 0.25])
    law = np.zeros(5)
    for known in product([0, 1], repeat=4):
        law[sum(known)] += np.prod(np.where(known, p, 1 - p))
    assert poisson_binomial(p, most=4) == pytest.approx(law)
    assert poisson_binomial(p, most=2) == pytest.approx([law[0], law[1], law[2:].sum()])


def test_mean_and_variance_of_classes_by_every_deal():
    """Three lists of fixed size in a population of five: all 5 × 10 × 10 ways to draw them."""
    sizes, counts = (1, 2, 2), []
    for lists in product(*(list(combinations(range(5), size)) for size in sizes)):
        number = np.bincount(np.concatenate(lists), minlength=5)
        counts.append(np.bincount(np.minimum(number, 2), minlength=3))
    counts = np.array(counts, float)
    mean, variance = expected_classes(sizes, 5, most=2)
    assert mean == pytest.approx(counts.mean(axis=0)) and variance == pytest.approx(counts.var(axis=0))
    above = counts[:, ::-1].cumsum(axis=1)[:, ::-1]
    mean, variance = expected_or_more(sizes, 5, most=2)
    assert mean == pytest.approx(above.mean(axis=0)) and variance == pytest.approx(above.var(axis=0))


@pytest.mark.parametrize(("n", "sizes", "error"), [(500, (40, 50), 0.001), (20, (4, 5), 0.04)])
def test_two_lists_are_all_but_hypergeometric(n, sizes, error):
    mean, variance = expected_or_more(sizes, n, most=2)
    law, chance = stats.hypergeom(n, *sizes), Expected(mean[2], variance[2])
    for seen in range(min(sizes) + 1):
        assert float(upper_tail(seen, chance)) == pytest.approx(law.sf(seen - 1), abs=error)
        assert float(lower_tail(seen, chance)) == pytest.approx(law.cdf(seen), abs=error)


def test_pairs_given_the_number_by_enumeration():
    weights, number = np.array([0.2, 1.0, 3.0, 0.7, 2.0, 0.05]), 3
    sets = list(combinations(range(6), number))
    chance = np.array([np.prod(weights[list(chosen)]) for chosen in sets])
    chance /= chance.sum()
    both = np.zeros((6, 6))
    for chosen, share in zip(sets, chance, strict=True):
        both[np.ix_(chosen, chosen)] += share
    found = shared_given_number([np.diag(both) * 500], [500], [number])[0]
    assert found == pytest.approx(both, abs=1e-7)


def test_agencies_that_know_all_or_none_of_a_group_are_certain():
    found = shared_given_number([[10, 0, 5, 5], [0, 0, 0, 0], [2, 2, 2, 2]], [10, 0, 2], [2, 3, 4])
    assert found[0].round(6).tolist() == [[1, 0, 0.5, 0.5], [0, 0, 0, 0], [0.5, 0, 0.5, 0], [0.5, 0, 0, 0.5]]
    assert (found[1] == 0).all() and (found[2] == 1).all()


def test_configuration_model_keeps_degrees_on_average():
    rng = np.random.default_rng(3)
    table = rng.random((200, 12)) < rng.random(12) * 0.5
    table[:3], table[:, 0], table[3] = True, True, False
    table[3, 0] = True
    found = bipartite_configuration(table.sum(axis=1), table.sum(axis=0))
    assert found.sum(axis=1) == pytest.approx(table.sum(axis=1)) and found.sum(axis=0) == pytest.approx(
        table.sum(axis=0)
    )
    assert (found[:, 0] == 1).all() and (found[:3] == 1).all()
    degrees, many = np.unique(table.sum(axis=1), return_counts=True)
    short = bipartite_configuration(degrees, table.sum(axis=0), rows=many)
    assert short[np.searchsorted(degrees, table.sum(axis=1))] == pytest.approx(found, abs=1e-8)
    with pytest.raises(ValueError, match="as many"):
        bipartite_configuration([1, 1], [1, 0])


# the first question


def test_planted_vulnerability_is_more_than_independence_gives(planted):
    found = known_to_several(rows_of(planted), population=PEOPLE)
    shown = found.estimates().set_index("group")
    counted = np.bincount(planted.sum(axis=1), minlength=9)
    assert shown["count"].tolist()[:5] == [*counted[:4], counted[4:].sum()]
    assert shown.loc["3 or more agencies", "count"] == counted[3:].sum()
    law = poisson_binomial(planted.sum(axis=0) / PEOPLE, most=8) * PEOPLE
    assert shown.loc["2 or more agencies", "expected"] == pytest.approx(law[2:].sum())
    assert (
        shown.loc["4 or more agencies", ["estimate", "low"]].min() > 2 and shown.loc["2 or more agencies", "p"] < 1e-6
    )
    assert "4 or more agencies" in found.summary() and "nan" not in found.summary()
    check_picture(draw.to_svg(found.plot))


def test_order_of_rows_and_names_of_people_say_nothing(planted):
    table = rows_of(planted)
    other = table.sample(frac=1, random_state=2).assign(person_id=lambda rows: "x" + rows["person_id"])
    for method in (known_to_several, share_more):
        one, two = (method(rows, population=PEOPLE) for rows in (table, other))
        assert one.values() == two.values() and one.summary() == two.summary()


def test_a_population_that_is_too_small_and_a_class_too_many():
    with pytest.raises(ValueError, match="smaller than the number") as error:
        known_to_several(np.ones((5, 3), int), agencies=["a", "b", "c"], population=4, most=7)
    assert "most must be 2" in str(error.value)


def test_agencies_without_people_and_people_without_agencies():
    lists = np.zeros((30, 3), int)
    lists[:10, 0] = 1
    shown = known_to_several(lists, agencies=["a", "b", "c"], population=30, most=3).estimates()
    assert shown["count"].tolist() == [20, 10, 0, 0, 0]
    assert shown["estimate"].iloc[:2].tolist() == pytest.approx([1, 1])
    assert shown["reason"].iloc[2:].str.startswith("not estimable").all()


def test_independent_lists_are_seldom_called_dependent():
    """1,000 draws of 3,000 people; p of two and of three or more agencies."""
    rng, called = np.random.default_rng(4), []
    for _ in range(1_000):
        known = rng.random((3_000, len(SHARE)), dtype=np.float32) < SHARE
        number = known.sum(axis=1)
        seen = np.array([(number >= least).sum() for least in (2, 3)])
        chance = expected_or_more(known.sum(axis=0), 3_000, most=3)
        called.append(upper_tail(seen, Expected(chance.mean[2:], chance.variance[2:])) <= 0.05)
    assert (np.mean(called, axis=0) <= 0.07).all() and (np.mean(called, axis=0) >= 0.02).all()


def test_intervals_of_the_ratio_cover():
    rng, q, n = np.random.default_rng(5), TRUTHS.vulnerable_share, 2_000
    both = q * poisson_binomial(RAISED, most=3) + (1 - q) * poisson_binomial(SHARE, most=3)
    alone = poisson_binomial(q * RAISED + (1 - q) * SHARE, most=3)
    truth = np.array([both[3] / alone[3], both[2:].sum() / alone[2:].sum()])
    held = []
    for _ in range(200):
        shown = known_to_several(drawn(rng, n), agencies=NAMES, population=n, most=3).estimates().iloc[[3, 4]]
        held.append((shown["low"] <= truth) & (truth <= shown["high"]))
    assert ((np.mean(held, axis=0) >= 0.91) & (np.mean(held, axis=0) <= 0.99)).all()


# the second question


def test_shared_vulnerability_alone_is_nothing_given_the_number():
    """The trap: independence says that every pair shares more, as planted; given the number the ratio is 1.00."""
    known = drawn(np.random.default_rng(6), 200_000)
    shown = share_more(known, agencies=NAMES, population=len(known)).estimates().set_index("group")
    told = {
        f"{a} & {b}" if a < b else f"{b} & {a}": ratio
        for a, pairs in overlap_truths(TRUTHS).items()
        for b, ratio in pairs.items()
    }
    assert shown["by_independence"].to_dict() == pytest.approx(told, rel=0.08)
    assert shown["by_independence"].min() > 1.2
    assert (shown["count"].sum() / shown["expected"].sum()) == pytest.approx(1.0, abs=1e-6)
    assert shown["estimate"].between(0.94, 1.06).all() and (shown["p_adjusted"] > 0.05).all()


def test_a_planted_pair_is_found_that_other_nulls_hide(planted):
    found = share_more(planted, agencies=NAMES, population=PEOPLE)
    pair = " & ".join(sorted(NAMES[:2]))
    assert found.found() == [pair]
    assert found.found("sdsm_") == found.found("hypergeometric_") == []
    row = found.estimates().iloc[0]
    assert row["group"] == pair and row["low"] > 1
    assert row["count"] == (planted[:, 0] & planted[:, 1]).sum()
    assert pair in found.summary() and "hypergeometric null would name 0" in found.summary()
    assert any("complex" in words or "four times" in words for words in found.caveats)
    check_picture(draw.to_svg(found.plot))


def test_each_null_is_the_one_it_says(planted):
    shown = share_more(planted, agencies=NAMES, population=PEOPLE, correction="none").estimates().set_index("group")
    number, sizes = planted.sum(axis=1), planted.sum(axis=0)
    seen = planted[number > 0]
    tied = bipartite_configuration(seen.sum(axis=1), sizes)
    for a, b in [(0, 1), (2, 6), (5, 7)]:
        row = shown.loc[" & ".join(sorted([NAMES[a], NAMES[b]]))]
        both = tied[:, a] * tied[:, b]
        assert row["sdsm_expected"] == pytest.approx(both.sum(), rel=1e-6)
        law = stats.poisson_binom(both) if hasattr(stats, "poisson_binom") else None
        if law is not None:
            assert row["sdsm_p"] == pytest.approx(law.sf(row["count"] - 1), abs=1e-9)
        assert row["hypergeometric_p"] == pytest.approx(
            stats.hypergeom.sf(row["count"] - 1, len(seen), sizes[a], sizes[b])
        )
        assert row["p_adjusted"] == row["p"]


def test_given_the_number_agrees_with_tables_drawn_anew():
    """Expected numbers beside curveball tables of people with 2 agencies and with 3, which keep both sides' numbers."""
    from problemsolving.network.compare.rewiring import curveball

    rng = np.random.default_rng(7)
    weights = np.array([3.0, 2.0, 1.0, 1.0, 0.5, 0.3])
    keys = rng.gumbel(size=(160, 6)) + np.log(weights)
    number = np.repeat([2, 3], 80)
    known = (np.argsort(np.argsort(-keys, axis=1), axis=1) < number[:, None]).astype(int)
    found = share_more(known, agencies=list("abcdef"), population=160).estimates().set_index("group")["expected"]
    parts = [curveball(known[number == k], n_networks=400, rng=rng).astype(int) for k in (2, 3)]
    for a, b in [(0, 1), (0, 4), (2, 3)]:
        each = sum((part[:, :, a] & part[:, :, b]).sum(axis=1) for part in parts)
        assert found[f"{'abcdef'[a]} & {'abcdef'[b]}"] == pytest.approx(each.mean(), abs=0.6)


@pytest.mark.parametrize("alternative", ["less", "two-sided"])
def test_other_alternatives_and_corrections(planted, alternative):
    upper, other = (
        share_more(planted, agencies=NAMES, population=PEOPLE, alternative=asked, correction="bonferroni")
        .estimates()
        .set_index("group")
        for asked in ("greater", alternative)
    )
    pair = " & ".join(sorted(NAMES[:2]))
    assert upper.loc[pair, "p_adjusted"] == pytest.approx(min(1, 28 * upper.loc[pair, "p"]))
    assert (other.loc[pair, "p"] > 0.9) == (alternative == "less")


def test_three_agencies_tell_nothing_more():
    with pytest.raises(NotEstimableError, match="fewer than 4 agencies"):
        share_more(np.ones((5, 3), int), agencies=["a", "b", "c"], population=10)
    with pytest.raises(ValueError, match="alternative"):
        share_more(np.ones((5, 4), int), agencies=list("abcd"), population=10, alternative="more")


def test_small_groups_always_settle():
    """Few people, agencies of very different size, degrees that only one table can have."""
    rng = np.random.default_rng(13)
    for _ in range(60):
        size, n = int(rng.integers(4, 12)), int(rng.integers(2, 60))
        known = (rng.random((n, size)) < rng.beta(0.3, 0.8, size) * np.exp(-2 * rng.random((n, 1)))).astype(int)
        shown = share_more(known, agencies=[f"{at:02d}" for at in range(size)], population=100).estimates()
        assert shown["p"].between(0, 1).all() and shown["expected"].sum() == pytest.approx(
            shown["count"].sum(), abs=1e-4
        )


def test_people_known_to_all_or_one_alone():
    known = np.concatenate([np.ones((3, 4), int), np.tile(np.eye(4, dtype=int), (5, 1))])
    shown = share_more(known, agencies=list("abcd"), population=50).estimates()
    assert shown["count"].tolist() == shown["expected"].tolist() == [3] * 6 and (shown["p"] == 1).all()
    alone = share_more(np.tile(np.eye(4, dtype=int), (5, 1)), agencies=list("abcd"), population=50)
    assert (alone.estimates()["reason"] == "not estimable: chance would give no one").all() and alone.plot() is None


def test_pairs_are_seldom_named_where_nothing_is_planted():
    """1,000 draws of 1,500 people who share vulnerability and nothing else; 5 % level, corrected for all pairs."""
    rng, size, n = np.random.default_rng(8), len(SHARE), 1_500
    first, second = np.triu_indices(size, 1)
    named, plain = [], []
    for _ in range(20):
        groups, people, shared = [], [], []
        for _ in range(50):
            read = read_memberships(drawn(rng, n), agencies=NAMES)
            groups.append(read.by_number())
            people.append(np.bincount(read.number, minlength=size + 1) * (np.arange(size + 1) > 0))
            shared.append(read.shared[first, second])
        chances = shared_given_number(
            np.concatenate(groups), np.concatenate(people), np.tile(np.arange(size + 1), 50)
        ).reshape(50, size + 1, size, size)[:, :, first, second]
        trials = np.repeat(np.array(people), len(first), axis=0)
        tails = binomial_sum_tails(np.concatenate(shared), trials, chances.swapaxes(1, 2).reshape(-1, size + 1))
        p = tails.upper.reshape(50, -1)
        plain.append((p <= 0.05).mean())
        named.append((stats.false_discovery_control(p, axis=1) <= 0.05).any(axis=1).mean())
    assert np.mean(plain) <= 0.05 and np.mean(named) <= 0.07


# who is on no list


def cohort(rng, n=PEOPLE):
    known = drawn(rng, n)
    listed = (known.sum(axis=1) >= 3) & (rng.random(n) < 0.4)
    return known, listed


def test_hidden_cohort_counted_in_plain_python():
    known, listed = cohort(np.random.default_rng(9))
    names = [f"p{at}" for at in np.flatnonzero(listed)]
    found = size_hidden_cohort(rows_of(known), on_list=names)
    counted = {
        least: sum(row.sum() >= least and not on for row, on in zip(known, listed, strict=True)) for least in (2, 3, 4)
    }
    shown = found.estimates().set_index("group")["estimate"]
    assert shown.iloc[0] == counted[3] and shown["counted from 2 agencies on"] == counted[2]
    assert shown["counted from 4 agencies on"] == counted[4] and found.unlinked == 0
    assert found.range[0] < counted[3] < found.range[1]
    assert all(value.estimate is None for value in found.values() if value.name == "cohort_range")
    check_picture(draw.to_svg(found.plot))


def test_hidden_cohort_is_found_through_missed_links():
    """One in ten links missed, of agencies' records and of the list: the range holds the true number."""
    rng = np.random.default_rng(10)
    known, listed = cohort(rng)
    true = int(((known.sum(axis=1) >= 3) & ~listed).sum())
    table = rows_of(known)
    lost = rng.random(len(table)) < 0.1
    table.loc[lost, "person_id"] = [f"lost{at}" for at in range(lost.sum())]
    names = [f"p{at}" if rng.random() > 0.1 else f"unlinked{at}" for at in np.flatnonzero(listed)]
    found = size_hidden_cohort(table, on_list=names)
    shown = found.estimates().set_index("group")
    assert shown["estimate"].iloc[0] < 0.93 * true
    assert shown.loc["had 10% of links been missed", "estimate"] == pytest.approx(true, rel=0.08)
    assert found.range[0] <= true <= found.range[1] and found.unlinked > 0


def test_relinking_undoes_a_binomial():
    true = np.array([500.0, 200.0, 80.0, 20.0])
    seen = np.array([sum(true[k - 1] * stats.binom.pmf(j, k, 0.9) for k in range(1, 5)) for j in range(1, 5)])
    assert relinked(seen, np.zeros(4), 0.1) == pytest.approx(true)
    assert relinked(seen[1:], np.zeros(3), 0.1, first=2) == pytest.approx(true[1:])
    assert relinked(seen, np.zeros(4), 0.0) == pytest.approx(seen)


def test_faults_of_a_cohort():
    with pytest.raises(ValueError, match="least and others") as error:
        size_hidden_cohort(rows_of(np.eye(4, dtype=int)), on_list=[], others=(1, 9), missed_links=(1.0,))
    assert "shares from 0" in str(error.value)


# what leaves


def results(known):
    listed = [f"p{at}" for at in np.flatnonzero(known.sum(axis=1) >= 3)[::2]]
    return [
        known_to_several(known, agencies=NAMES, population=len(known)),
        share_more(known, agencies=NAMES, population=len(known)),
        size_hidden_cohort(rows_of(known), on_list=listed),
    ]


@pytest.mark.parametrize("policy", CLOSED)
@pytest.mark.parametrize("n", [400, 1_500, 6_000])
def test_released_results_show_rounded_counts_alone(policy, n):
    rules = POLICIES[policy]
    for result in results(drawn(np.random.default_rng(11), n)):
        shown = release(result, rules).result
        if isinstance(shown, NotEstimable):
            assert shown.withheld
            continue
        counts = shown.frame["count"].dropna()
        assert (counts % rules.nearest == 0).all() and ((counts > rules.suppress_to) | (counts == 0)).all()
        assert "nan" not in shown.summary().replace("hidden", "")
        table = shown.estimates()
        lost = table["reason"].str.startswith("withheld")
        assert table.loc[lost, ["estimate", "low", "high"]].isna().all(axis=None)
        for column in ("p", "expected", "chance_high", "p_adjusted", "sdsm_p", "hypergeometric_p", "by_independence"):
            if column in table:
                assert table.loc[lost, column].isna().all()
        picture = draw.to_svg(shown.plot)
        if picture is not None:
            check_picture(picture)


def test_released_numbers_come_from_released_counts(planted):
    for result in results(planted):
        shown = release(result, POLICIES["opensafely"]).result
        table = shown.estimates()
        if "expected" in table:
            assert table["estimate"].to_numpy() == pytest.approx((table["count"] / table["expected"]).to_numpy())
        opened = release(result, POLICIES["open"]).result
        assert opened.values() == result.values() and opened.summary() == result.summary()
    several = release(results(planted)[0], POLICIES["opensafely"]).result
    assert all(size % 10 == 0 for size in several.sizes) and all(round(f * 20, 9) % 1 == 0 for f in several.factors)


def test_a_withheld_pair_shows_nothing_and_does_not_count_for_the_correction():
    known = drawn(np.random.default_rng(12), 700)
    shown = release(share_more(known, agencies=NAMES, population=700), POLICIES["ons"]).result
    table = shown.estimates()
    lost = table["count"].isna()
    assert lost.any() and not lost.all()
    assert table.loc[~lost, "p_adjusted"].to_numpy() == pytest.approx(
        stats.false_discovery_control(table.loc[~lost, "p"])
    )
    assert not set(table.loc[lost, "group"]) & {value.group for value in shown.values() if value.estimate is not None}


# the simulated partnership


def contacts(world="standard", **changes):
    """Contacts of kind case (on an agency's list) and need (seen there as of the hidden population), as they are written."""
    plan = make_partnership(world=world, truths=replace(plant(world=world), **changes))
    parts = [list_rows(block, plan.people(block), plan.truths, plan.seed).arrays for block in plan.blocks]
    made = pd.concat([pd.DataFrame(arrays) for arrays in parts], ignore_index=True)
    made["agency"] = np.array(PATHWAYS, dtype=object)[made["agency"]]
    table = made[made["kind"] == CASE].rename(columns={"person": "person_id"})
    return table, made.loc[made["kind"] == NEED], plan.truths


@pytest.mark.parametrize("world", ["standard", "null"])
def test_shared_vulnerability_and_the_cohort_of_a_simulated_partnership(world):
    table, needs, truths = contacts(world)
    several = known_to_several(table, population=truths.people, most=4)
    shown = several.estimates().set_index("group")
    assert shown.loc["4 or more agencies", "low"] > 1.5 and shown.loc["4 or more agencies", "p"] < 1e-6
    pairs = share_more(table, population=truths.people)
    told = overlap_truths(truths)
    rows = pairs.estimates()
    planted = [told.get(a, {}).get(b) or told[b][a] for a, b in rows["group"].str.split(" & ")]
    assert np.average(rows["by_independence"], weights=rows["count"]) == pytest.approx(np.average(planted, weights=rows["count"]), rel=0.06)  # fmt: skip
    assert pairs.found() == [] and rows["count"].sum() == pytest.approx(rows["expected"].sum())
    listed = set(needs.loc[needs["agency"] == "mental-health", "person"])
    met = table.groupby("person_id")["agency"].nunique()
    true = sum(number >= 3 and person not in listed for person, number in met.items())
    cohort = size_hidden_cohort(table, on_list=listed)
    assert cohort.estimates()["estimate"].iloc[0] == true and cohort.range[0] < true < cohort.range[1]
    assert cohort.unlinked == len(listed - set(met.index))


def test_nothing_is_found_where_no_vulnerability_was_planted():
    """The simulated people, 100 draws of the agencies' lists; 5 % level."""
    plan = make_partnership(truths=replace(plant(), vulnerable_odds=1.0))
    people, rng, called, named = [plan.people(block) for block in plan.blocks], np.random.default_rng(14), 0, 0
    for _ in range(100):
        known = np.concatenate([draw_cases(some, plan.truths, rng) for some in people]).astype(int)
        called += known_to_several(known, agencies=NAMES, population=len(known)).headline["p"] <= 0.05
        named += bool(share_more(known, agencies=NAMES, population=len(known)).found())
    assert called <= 10 and named <= 10
