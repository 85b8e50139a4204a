"""Memory of paths and groups of people: against other calculations, their false alarms, and as they leave."""

import time
from collections import Counter, defaultdict
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from problemsolving.errors import NotEstimableError
from problemsolving.governance.policies import POLICIES
from problemsolving.governance.release import release
from problemsolving.network.pathways.groups import CONTACTS, RETURN, WAIT, compare_groups
from problemsolving.network.pathways.memory import memory_test
from problemsolving.network.pathways.shuffled import permute_groups
from problemsolving.results import NotEstimable

SAFE = POLICIES["opensafely"]
CLOSED = ["opensafely", "ons", "nhs-hes"]
START = pd.Timestamp("2024-01-01")


def seeded(seed=1):
    return np.random.default_rng(seed)


def log_of(paths):
    rows = [
        (f"p{case}", step, START + pd.Timedelta(days=place))
        for case, path in enumerate(paths)
        for place, step in enumerate(path)
    ]
    return pd.DataFrame(rows, columns=["person_id", "agency", "started_at"])


def chain(rng, n, *, remembers=0.0, steps="abcd"):
    """Journeys of a first-order chain; with memory some go back to where they came from."""
    odds = {step: seeded(ord(step)).dirichlet(np.ones(len(steps))) for step in steps}
    paths = []
    for _ in range(n):
        path = [rng.choice(list(steps))]
        while rng.random() < 0.8 and len(path) < 12:
            back = len(path) > 1 and rng.random() < remembers
            path.append(path[-2] if back else rng.choice(list(steps), p=odds[path[-1]]))
        paths.append(path)
    return paths


# memory


def test_the_statistic_is_that_of_plain_python():
    paths = chain(seeded(2), 80, remembers=0.2)
    two, three = Counter(), Counter()
    for path in paths:
        two.update(pairwise(path))
        three.update(zip(path, path[1:], path[2:], strict=False))
    out, both = Counter(), Counter()
    for (a, _), count in two.items():
        out[a] += count
    for (a, b, _), count in three.items():
        both[a, b] += count
    expected = 2 * sum(n * (np.log(n / both[a, b]) - np.log(two[b, c] / out[b])) for (a, b, c), n in three.items())
    followers = Counter(a for a, _ in two)
    found = memory_test(log_of(paths), n_resamples=0)
    assert found.statistic == pytest.approx(expected)
    assert found.degrees == sum(followers[b] - 1 for _, b in both)
    assert found.p_shuffled is None and found.p_chi_squared == pytest.approx(stats.chi2.sf(expected, found.degrees))
    assert found.cases == sum(len(path) > 2 for path in paths)


def test_the_order_of_rows_and_the_names_say_nothing():
    log = log_of(chain(seeded(3), 60))
    one, other = (memory_test(frame, n_resamples=99, rng=seeded()) for frame in (log, log.iloc[::-1]))
    assert one.values() == other.values()
    renamed = memory_test(log.assign(agency=log["agency"].map({"a": "z", "b": "y", "c": "x", "d": "w"})), n_resamples=0)
    assert renamed.statistic == pytest.approx(one.statistic) and renamed.degrees == one.degrees


def test_memory_that_was_planted_is_found_and_shown():
    found = memory_test(log_of(chain(seeded(4), 400, remembers=0.4)), n_resamples=199, rng=seeded())
    assert found.optimal_order == 2 and found.p == 1 / 200 and "misleads" in found.summary()
    top = found.estimates().iloc[0]
    a, b, c = top["group"].removeprefix("after ").replace(" and ", " ").replace(": ", " ").split()
    assert top["low"] > top["expected"] or top["high"] < top["expected"], (a, b, c)
    assert found.plot() is not None


def test_without_memory_few_tests_find_any():
    rng, rejected = seeded(5), 0
    for _ in range(400):
        rejected += memory_test(log_of(chain(rng, 40, steps="abc")), n_resamples=99, rng=rng).p <= 0.05
    assert 8 <= rejected <= 28


def test_journeys_of_two_events_are_not_estimable():
    with pytest.raises(NotEstimableError, match="three events"):
        memory_test(log_of([["a", "b"], ["b", "a"]]))


@pytest.mark.parametrize("policy", CLOSED)
def test_memory_leaves_rounded_where_enough_stand_behind_it(policy):
    rules, raw = (
        POLICIES[policy],
        memory_test(log_of(chain(seeded(4), 600, remembers=0.3)), n_resamples=49, rng=seeded()),
    )
    shown = release(raw, rules).result
    counts = shown.frame["count"].dropna()
    assert not rules.is_small(counts).any() and (counts % rules.nearest == 0).all()
    assert shown.statistic == round(raw.statistic) and np.isnan(shown.log_likelihoods).all()
    told = shown.estimates()
    assert len(told) and (told["expected"].round(2) == told["expected"]).all() and "nan" not in shown.summary()
    few = release(memory_test(log_of(chain(seeded(1), 12)), n_resamples=9, rng=seeded()), rules).result
    assert isinstance(few, NotEstimable) and few.withheld
    opened = release(raw, POLICIES["open"]).result
    assert opened.values() == raw.values() and opened.summary() == raw.summary()


# groups


def people_of(n=240, seed=6, *, slower=1.0, more=0.0, groups="xy"):
    """Contacts of people in groups; the last group waits longer or has more contacts."""
    rng = seeded(seed)
    who = rng.choice(list(groups), n)
    rows = []
    for person in range(n):
        last = who[person] == groups[-1]
        waits = rng.exponential(20 * (slower if last else 1), 1 + rng.poisson(2 + more * last))
        days = rng.uniform(0, 100) + np.concatenate([[0], np.cumsum(waits)])
        rows += [
            (f"p{person}", agency, day) for agency, day in zip(rng.choice(list("abc"), len(days)), days, strict=True)
        ]
    log = pd.DataFrame(rows, columns=["person_id", "agency", "day"])
    return log.assign(started_at=START + pd.to_timedelta(log["day"], unit="D")), pd.Series(
        who, index=[f"p{person}" for person in range(n)]
    )


def test_every_number_of_the_groups_is_that_of_plain_python():
    log, who = people_of()
    found = compare_groups(log, groups=who, within_days=30, until="2024-12-31", n_resamples=199, rng=seeded())
    shown = found.estimates().set_index(["measure", "group"])
    waits, back, contacts = defaultdict(list), defaultdict(list), Counter()
    for person, mine in log.sort_values("started_at").groupby("person_id"):
        days = mine["day"].to_numpy()
        waits[who[person]] += np.diff(days).tolist()
        back[who[person]].append(len(days) > 1 and days[1] - days[0] <= 30)
        contacts[who[person]] += len(days)
    for group in "xy":
        n = int((who == group).sum())
        assert shown.loc[(WAIT, group), "estimate"] == pytest.approx(np.median(waits[group]), abs=1e-6)
        assert shown.loc[(RETURN, group), ["count", "estimate"]].tolist() == pytest.approx([n, np.mean(back[group])])
        assert shown.loc[(CONTACTS, group), ["count", "estimate"]].tolist() == pytest.approx([n, contacts[group] / n])
    assert (shown["low"] < shown["estimate"]).all() and (shown["estimate"] < shown["high"]).all()


def test_people_not_watched_are_in_no_share_of_returns():
    log, who = people_of()
    until = START + pd.Timedelta(days=50)
    found = compare_groups(
        log[log["started_at"] <= until], groups=who, within_days=30, until=until, n_resamples=9, rng=seeded()
    )
    early = log.groupby("person_id")["started_at"].min() <= until - pd.Timedelta(days=30)
    shown = found.estimates()
    assert shown[shown["measure"] == RETURN]["count"].sum() == early.sum()


def test_the_order_of_rows_people_without_a_group_and_labels():
    log, who = people_of(100)
    one = compare_groups(log, groups=who, within_days=30, n_resamples=99, rng=seeded())
    other = compare_groups(log.iloc[::-1], groups=who.iloc[::-1], within_days=30, n_resamples=99, rng=seeded())
    assert one.values() == other.values()
    stranger = pd.concat([log, log.head(3).assign(person_id="stranger")])
    assert compare_groups(stranger, groups=who, within_days=30, n_resamples=99, rng=seeded()).values() == one.values()
    with pytest.raises(NotEstimableError, match="two groups"):
        compare_groups(log, groups=who[who == "x"], within_days=30)
    with pytest.raises(ValueError, match="within_days"):
        compare_groups(log, groups=who, within_days=0)


def test_differences_that_were_planted_are_found():
    found = compare_groups(
        *people_of(400, slower=2.0, more=2.0)[:1],
        groups=people_of(400, slower=2.0, more=2.0)[1],
        within_days=30,
        n_resamples=199,
        rng=seeded(),
    )
    assert max(found.p.values()) <= 0.01 and found.summary().count("differed between the groups") == 3
    same = compare_groups(people_of()[0], groups=people_of()[1], within_days=30, n_resamples=199, rng=seeded())
    assert min(same.p.values()) > 0.02 and "no difference was clear" in same.summary()


def test_the_p_is_that_of_every_shuffle():
    top, bottom, groups = np.array([3.0, 1, 4, 1, 5]), np.array([4.0, 2, 4, 3, 5]), np.array([0, 0, 1, 1, 1])
    from itertools import combinations

    def statistic(first):
        total, ratio = 0.0, top.sum() / bottom.sum()
        for part in (list(first), [at for at in range(5) if at not in first]):
            total += bottom[part].sum() * (top[part].sum() / bottom[part].sum() - ratio) ** 2
        return total

    every = np.array([statistic(first) for first in combinations(range(5), 2)])
    exact = (every >= statistic((0, 1)) - 1e-12).mean()
    assert permute_groups(top, bottom, groups, n_resamples=9_999, rng=seeded())[0] == pytest.approx(exact, abs=0.015)


def test_where_nothing_was_planted_at_most_seven_in_a_hundred_are_called_different():
    """1,000 draws of 60 people in three groups, their contacts clustered: p of waits, returns and contacts."""
    rng, began, rejected = seeded(7), time.process_time(), np.zeros(3)
    for _ in range(1_000):
        contacts = 1 + rng.poisson(rng.gamma(1, 2, 60))
        long = rng.binomial(contacts, rng.beta(1, 1, 60))
        watched = rng.random(60) < 0.8
        top = [long, watched & (rng.random(60) < 0.3), contacts]
        p = permute_groups(top, [contacts, watched, np.ones(60)], rng.integers(0, 3, 60), n_resamples=199, rng=rng)
        rejected += p <= 0.05
    assert (rejected <= 70).all() and (rejected >= 25).all()
    assert time.process_time() - began < 15


@pytest.mark.parametrize("policy", CLOSED)
def test_groups_leave_by_the_policy(policy):
    rules = POLICIES[policy]
    log, who = people_of(900, groups="xyz")
    raw = compare_groups(log, groups=who, within_days=30, n_resamples=99, rng=seeded())
    shown = release(raw, rules).result
    counts = shown.frame["count"].dropna()
    assert not rules.is_small(counts).any() and (counts % rules.nearest == 0).all()
    told = shown.estimates().set_index(["measure", "group"])
    wide = shown.frame.set_index(["measure", "label", "part"])["count"]
    assert told.loc[(CONTACTS, "x"), "estimate"] == pytest.approx(
        wide[CONTACTS, "x", "contacts"] / wide[CONTACTS, "x", "people"]
    )
    assert (
        told.loc[(WAIT, "x"), "estimate"] == round(raw.estimates().iloc[0]["estimate"], 1) and shown.plot() is not None
    )
    rare = who.copy()
    rare.iloc[:4] = "rare"
    hidden = release(compare_groups(log, groups=rare, within_days=30, n_resamples=99, rng=seeded()), rules).result
    told = hidden.estimates().set_index("group")
    assert told.loc["rare", ["count", "estimate", "low"]].isna().all(axis=None)
    assert hidden.tests()["p"].isna().all() and "cannot be compared" in hidden.summary()
    opened = release(raw, POLICIES["open"]).result
    assert opened.values() == raw.values() and opened.summary() == raw.summary()
