"""What is planted is found again by a simple estimate that shares no code with the simulation."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from problemsolving.periods import Month, Period
from problemsolving.simulate.incidents import draw_incidents
from problemsolving.simulate.lists import draw_cases, draw_needs, overlap_truths
from problemsolving.simulate.partnership import simulate_partnership
from problemsolving.simulate.pathways import NAMES, contact_rows, desk_truths, draw_journeys, referral_rows
from problemsolving.simulate.places import LATTICE, income_gradient
from problemsolving.simulate.plan import make_partnership
from problemsolving.simulate.rates import draw_counts
from problemsolving.simulate.survey import (
    all_agencies,
    block_of,
    draw_ties,
    wellbeing_rows,
    write_assets,
    write_ratings,
    write_ties,
    write_voices,
)
from problemsolving.simulate.truths import BLOCKS, TRANSITIONS
from problemsolving.simulate.worlds import plant

VIOLENCE = "violent-crime"


@pytest.fixture(scope="module")
def county():
    return make_partnership(size="county")


@pytest.fixture(scope="module")
def incidents(county):
    """A million incidents in memory."""
    return pd.concat([pd.DataFrame(arrays) for _, _, arrays in county.each_block()], ignore_index=True)


@pytest.fixture(scope="module")
def clients(county):
    """Journeys, referrals, contacts and outcome measures of every block."""
    found = {"referrals": [], "contacts": [], "measures": []}
    for block in county.blocks:
        people = county.people(block)
        journeys = draw_journeys(block, people, county.truths, county.seed)
        rows = {
            "referrals": referral_rows(block, journeys, county.truths),
            "contacts": contact_rows(block, journeys, county.truths, county.seed),
            "measures": wellbeing_rows(block, people, journeys, county.truths, county.seed),
        }
        for name, made in rows.items():
            found[name].append(pd.DataFrame(made.arrays).assign(block=block.number))
    return {name: pd.concat(parts, ignore_index=True) for name, parts in found.items()}


def totals(world="standard", category=VIOLENCE, **changes):
    """Counts of each area and month, drawn in a world, and the plan they came from."""
    plan = make_partnership(size="county", world=world, truths=replace(plant(size="county", world=world), **changes))
    return draw_counts(plan.expected[category], plan.truths, np.random.default_rng(1)), plan


def test_a_million_incidents_and_their_categories(incidents, county):
    assert 950_000 < len(incidents) < 1_050_000
    share = incidents["category"].value_counts(normalize=True).sort_index().to_numpy()
    planted = np.array(list(county.truths.shares.values()))
    assert share == pytest.approx(planted / planted.sum(), abs=0.01)


def test_rate_ratios_of_drivers(incidents, county):
    """Weighted least squares of log rates: within 0.03 on the log scale."""
    home, places = county.places.home, county.places
    late = 1440 * np.datetime64("2024-04-01").astype("datetime64[D]").astype(int)
    early = incidents[(incidents["category"] == 0) & (incidents["minute"] < late) & (incidents["area"] >= 0)]
    counts = np.bincount(early["area"], minlength=len(places))[home]
    columns = [np.ones(home.sum())]
    for name in county.truths.rate_ratios:
        score = places.scores[name][home]
        columns.append((score - score.mean()) / score.std())
    weight = np.sqrt(counts)
    found, *_ = np.linalg.lstsq(
        np.stack(columns, axis=1) * weight[:, None], np.log(counts / places.population[home]) * weight, rcond=None
    )
    assert found[1:] == pytest.approx(np.log(list(county.truths.rate_ratios.values())), abs=0.03)


def test_gradient_by_income(incidents, county):
    """Rate of the most deprived fifth over the least: within 5 per cent."""
    home, places = np.flatnonzero(county.places.home), county.places
    counts = np.bincount(incidents.query("category == 0 and area >= 0")["area"], minlength=len(places))
    fifths = np.array_split(home[np.argsort(-places.scores["income"][home])], 5)
    rates = [counts[fifth].sum() / places.population[fifth].sum() for fifth in fifths]
    assert rates[0] / rates[-1] == pytest.approx(income_gradient(places)["ratio"], rel=0.05)


def test_hot_times(incidents, county):
    """Night share within 0.005; relative rate of each weekday within 2 per cent."""
    hour = incidents["minute"] // 60 % 24
    night = (hour >= 20) | (hour < 3)
    violent = incidents["category"] == 0
    assert night[violent].mean() == pytest.approx(county.truths.night_share[VIOLENCE], abs=0.005)
    assert night[~violent].mean() == pytest.approx(county.truths.night_share["other"], abs=0.005)
    when = pd.to_datetime(incidents["minute"] * 60, unit="s")
    days = pd.date_range("2022-04-01", "2025-03-31").day_of_week.value_counts().sort_index().to_numpy()
    rate = when.dt.day_of_week.value_counts().sort_index().to_numpy() / days
    planted = np.array(county.truths.weekday_weights)
    assert rate / rate.mean() == pytest.approx(planted / planted.mean(), rel=0.02)


def test_hot_places(incidents, county):
    """Share of violent incidents at the twelve busiest places of their area: what is planted, and a little by chance."""
    placed = incidents.query("category == 0 and area >= 0 and area < 1440")
    counts = placed.groupby(["area", "spot"]).size()
    top = counts.groupby("area", group_keys=False).nlargest(county.truths.hot_places).sum() / counts.sum()
    assert county.truths.hot_place_share < top < county.truths.hot_place_share + 0.05


def metres(places, area, one, other):
    """Distance between two places on the ground."""
    (x1, y1), (x2, y2) = (places.point(area, *at) for at in (one, other))
    return np.hypot((x1 - x2) * 111_320 * np.cos(np.deg2rad(y1)), (y1 - y2) * 111_320)


def test_a_near_repeat_is_near_and_soon(county):
    plan, block = county, county.blocks[0]
    rng = np.random.default_rng(1)
    found = draw_incidents(plan.expected["burglary"][block.areas], plan.truths, "burglary", rng)
    child = np.flatnonzero(found.parent >= 0)
    parent = found.parent[child]
    assert (found.area[child] == found.area[parent]).all()
    delay = found.day[child] - found.day[parent]
    assert delay.min() == 1 and delay.max() == plan.truths.near_repeat_days
    there = block.areas[found.area[child]]
    apart = metres(
        plan.places, there, (found.column[child], found.row[child]), (found.column[parent], found.row[parent])
    )
    assert apart.max() <= plan.truths.near_repeat_metres
    share = len(child) / len(found.area)
    assert share == pytest.approx(plan.truths.near_repeats["burglary"], abs=0.015)


@pytest.mark.parametrize("category", ["burglary", "criminal-damage-arson", VIOLENCE])
def test_near_repeat_excess(incidents, county, category):
    """Pairs within 200 m and 14 days above pairs as near but 29 to 42 days apart, an incident.

    Children alone give the branching ratio n, the whole family n (1 - n / 2) / (1 - n) ** 2.
    """
    number = list(county.truths.shares).index(category)
    some = incidents[(incidents["category"] == number) & incidents["area"].between(0, 179)]
    soon = later = 0
    for area, inside in some.groupby("area"):
        day = inside["minute"].to_numpy() // 1440
        column, row = inside["column"].to_numpy(), inside["row"].to_numpy()
        one, other = np.triu_indices(len(inside), 1)
        gap = np.abs(day[one] - day[other])
        kept = gap <= 42
        one, other, gap = one[kept], other[kept], gap[kept]
        near = (
            metres(county.places, np.full(len(one), area), (column[one], row[one]), (column[other], row[other])) <= 200
        )
        soon += (near & (gap >= 1) & (gap <= 14)).sum()
        later += (near & (gap >= 29)).sum()
    excess = (soon - later) / len(some)
    planted = county.truths.near_repeats.get(category, 0.0)
    assert planted - 0.03 <= excess <= planted * (1 - planted / 2) / (1 - planted) ** 2 + 0.03


def test_repeat_victims_and_suspects(incidents, county):
    """Chronic victims' share within 0.01; men to women among suspects within 5 per cent."""
    truths = county.truths
    known, suspects = (incidents[role][incidents[role] >= 0] for role in ("victim", "suspect"))
    first, size = (np.array([getattr(block, name) for block in county.blocks]) for name in ("first_person", "people"))
    at = np.searchsorted(first, known, side="right") - 1
    chronic = (known - first[at] < np.round(size[at] * truths.chronic_people)).mean()
    assert chronic == pytest.approx(truths.chronic_share + (1 - truths.chronic_share) * truths.chronic_people, abs=0.01)
    male = np.concatenate([county.people(block).male for block in county.blocks])
    among = male[suspects].mean()
    assert among / (1 - among) * (~male).sum() / male.sum() == pytest.approx(truths.suspect_sex_ratio, rel=0.05)
    crimes = incidents[incidents["category"] != 1]
    assert (crimes["victim"] >= 0).mean() == pytest.approx(truths.share_victim_known, abs=0.005)
    assert (crimes["suspect"] >= 0).mean() == pytest.approx(truths.share_suspect_known, abs=0.005)


def test_facts_of_incidents(incidents, county):
    truths, violent = county.truths, incidents[incidents["category"] == 0]
    assert (violent["domestic"] == 1).mean() == pytest.approx(truths.domestic_share, abs=0.005)
    assert (incidents["area"] < 0).mean() == pytest.approx(truths.share_unplaced, abs=0.002)
    away = (~county.places.home)[incidents["area"]] & (incidents["area"] >= 0)
    assert away.mean() == pytest.approx(truths.share_elsewhere, abs=0.001)
    for number, median in enumerate(truths.median_minutes[name] for name in truths.shares):
        assert incidents.loc[incidents["category"] == number, "minutes"].median() == pytest.approx(median, rel=0.02)


def test_who_the_people_are(county):
    people = county.people(county.blocks[0])
    truths = county.truths
    assert people.ethnicity_known.mean() == pytest.approx(truths.ethnicity_known, abs=0.01)
    other = (people.officer != people.ethnicity).mean()
    assert 0 < other < 1 - truths.ethnicity_agrees  # some of those seen as another group are seen right by chance
    assert people.disability.mean() == pytest.approx(truths.disability_share, abs=0.01)
    assert people.care.mean() == pytest.approx(truths.care_share, abs=0.01)


def before_after(counts, plan, areas):
    early = len(plan.truths.baseline)
    last_year = counts[areas][:, early - 12 : early].sum()
    return counts[areas][:, early:].sum() / last_year


@pytest.mark.parametrize(("world", "ratio", "share"), [("standard", 0.75, 0.20), ("null", 1.0, 0.0)])
def test_response_effect_and_displacement(world, ratio, share):
    """Mean over 30 draws without drift: ratio of ratios within 0.01; displaced incidents within 0.03 of those prevented."""
    _, plan = totals(world, area_drift=0.0)
    rng, ratios, shares = np.random.default_rng(3), [], []
    early = len(plan.truths.baseline)
    for _ in range(30):
        counts = draw_counts(plan.expected[VIOLENCE], plan.truths, rng)
        treated, other, near = (
            before_after(counts, plan, areas)
            for areas in (plan.response.treated, plan.response.comparison, plan.response.buffer)
        )
        usual_treated, usual_near = (
            counts[areas][:, early - 12 : early].sum() for areas in (plan.response.treated, plan.response.buffer)
        )
        ratios.append(treated / other)
        prevented = (0.25 if world == "null" else 1 - treated / other) * usual_treated
        shares.append((near / other - 1) * usual_near / prevented)
    assert np.mean(ratios) == pytest.approx(ratio, abs=0.01)
    assert np.mean(shares) == pytest.approx(share, abs=0.03)


def test_waits_and_drop_off(clients, county):
    """Medians of referrals made early enough to be seen: within 5 per cent; dropped within 0.01."""
    referrals, last = clients["referrals"], clients["referrals"]["start"].max()
    early = referrals[referrals["start"] < last - 300 * 1440]
    assert (early["seen"] < 0).mean() == pytest.approx(county.truths.dropped_share, abs=0.01)
    seen = early[early["seen"] >= 0]
    waits = ((seen["seen"] - seen["start"]) / 1440).groupby(seen["receiver"]).median()
    for name, median in county.truths.median_wait_days.items():
        if (seen["receiver"] == NAMES.index(name)).sum() > 1_000:
            assert waits[NAMES.index(name)] == pytest.approx(median, rel=0.05)
    assert waits.idxmax() == NAMES.index(county.truths.bottleneck)


def test_transitions(clients, county):
    """Share of contacts that lead to each hand-over: within 0.02."""
    contacts, referrals = clients["contacts"], clients["referrals"]
    visits = contacts["agency"].value_counts()
    made = referrals.groupby(["sender", "receiver"]).size()
    for sender, row in TRANSITIONS.items():
        for receiver, planted in row.items():
            found = made.get((NAMES.index(sender), NAMES.index(receiver)), 0) / visits[NAMES.index(sender)]
            assert found == pytest.approx(planted, abs=0.02), (sender, receiver)


def test_waits_at_the_desk_follow_from_its_capacity(clients, county):
    """Erlang's formula: arrivals within 3 per cent, share waiting within 0.04, mean wait within 20 per cent."""
    planted = desk_truths(county.truths, len(county.blocks))["emergency"]
    desk = clients["contacts"].query("seen >= 0")
    days = (county.truths.baseline.days + county.truths.follow_up.days) * len(county.blocks)
    arrivals = (clients["contacts"]["agency"] == NAMES.index("emergency")).sum() / days
    waited = (desk["seen"] - desk["start"]) / 60
    assert arrivals == pytest.approx(planted["arrivals_a_day"], rel=0.03)
    assert (waited > 0).mean() == pytest.approx(planted["share_waiting"], abs=0.04)
    assert waited.mean() == pytest.approx(planted["mean_wait_hours"], rel=0.20)


def test_wellbeing_change(clients, county):
    """Paired mean change within 0.15 raw points; served people change more than others by what is planted."""
    raw = clients["measures"].query("measure == 0")
    wide = raw.pivot(index="person", columns="wave", values="value").dropna()
    served = wide.index.isin(clients["referrals"].query("seen >= 0")["person"])
    change = wide[2] - wide[1]
    assert change[served].mean() == pytest.approx(county.truths.wellbeing_change, abs=0.15)
    assert change[~served].mean() == pytest.approx(county.truths.wellbeing_change_others, abs=0.15)
    assert raw.query("wave == 1")["value"].mean() == pytest.approx(county.truths.wellbeing_start, abs=0.1)
    last = np.datetime64("2025-04-01").astype("datetime64[D]").astype(int)
    could = raw.query("wave == 1")["on"] + 180 < last
    assert len(wide) / could.sum() == pytest.approx(county.truths.answers_again, abs=0.02)


def test_shared_vulnerability(county):
    """Odds ratio within 10 per cent; people shared by two agencies, ratio to independence, within 10 per cent."""
    rng, truths = np.random.default_rng(1), county.truths
    people = [county.people(block) for block in county.blocks]
    cases = np.concatenate([draw_cases(found, truths, rng) for found in people])
    vulnerable = np.concatenate([found.vulnerable for found in people])
    names, size = list(truths.known_share), len(cases)
    for place in range(len(names)):
        inside, outside = cases[vulnerable, place].mean(), cases[~vulnerable, place].mean()
        assert inside / (1 - inside) * (1 - outside) / outside == pytest.approx(truths.vulnerable_odds, rel=0.10)
    for one, other in combinations(range(len(names)), 2):
        both = (cases[:, one] & cases[:, other]).sum()
        found = both * size / (cases[:, one].sum() * cases[:, other].sum())
        assert found == pytest.approx(overlap_truths(truths)[names[one]][names[other]], rel=0.10)
        assert found > 1.2


def chapman(one, other):
    return (one.sum() + 1) * (other.sum() + 1) / ((one & other).sum() + 1) - 1


def test_hidden_population(county):
    """Chapman on two independent lists within 3 per cent; on the dependent pair far too few; captures within 0.01."""
    truths, size = county.truths, 30_000
    needs = draw_needs(size, truths, np.random.default_rng(1))
    names = list(truths.capture_share)
    assert needs.mean(axis=0) == pytest.approx(list(truths.capture_share.values()), abs=0.01)
    lists = {name: needs[:, place] for place, name in enumerate(names)}
    assert chapman(lists["mental-health"], lists["emergency"]) == pytest.approx(size, rel=0.03)
    one, other = (lists[name] for name in truths.dependent_lists)
    assert chapman(one, other) < 0.75 * size
    both, none = (one & other).sum(), (~one & ~other).sum()
    assert both * none / ((one & ~other).sum() * (~one & other).sum()) == pytest.approx(truths.dependence_odds, rel=0.1)


def test_ties():
    """Block means within 0.1 points, reciprocity within 0.1."""
    truths = plant(size="county")
    agencies = all_agencies(72)
    blocks = block_of(agencies)
    scores = draw_ties(blocks, truths, np.random.default_rng(1))
    assert [{blocks[NAMES.index(name)] for name in group} for group in BLOCKS] == [{0}, {1}]
    same = (blocks[:, None] == blocks[None, :]) & ~np.eye(len(blocks), dtype=bool)
    across = blocks[:, None] != blocks[None, :]
    assert scores[same].mean() == pytest.approx(truths.tie_within, abs=0.1)
    assert scores[across].mean() == pytest.approx(truths.tie_between, abs=0.1)
    upper = np.triu(across, 1)
    found = np.corrcoef(scores[upper], scores.T[upper])[0, 1]
    assert found == pytest.approx(truths.tie_reciprocity, abs=0.1)


def test_recording_change():
    """Six months after the step over the same months a year before: within 0.02."""
    counts, plan = totals("recording-change", "anti-social-behaviour")
    step = plan.truths.months.index(plan.truths.recording_month)
    assert step == 18
    assert counts[:, step : step + 6].sum() / counts[:, step - 12 : step - 6].sum() == pytest.approx(
        plan.truths.recording_step, abs=0.02
    )
    flat, _ = totals("standard", "anti-social-behaviour")
    assert flat[:, 18:24].sum() / flat[:, 6:12].sum() == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize(("world", "planted"), [("autocorrelated", 0.4), ("standard", 0.0)])
def test_autocorrelated_months(world, planted):
    """Lag-one correlation of monthly totals over seventy years, mean of six partnerships: within 0.05."""
    years = Period(Month(1950, 1), Month(2019, 12))
    truths = replace(plant(world=world), baseline=years, follow_up=Period(Month(2020, 1), Month(2020, 12)))
    found = []
    for seed in range(6):
        plan, quiet = (
            make_partnership(seed=seed, truths=replace(truths, month_spread=spread)).expected["anti-social-behaviour"]
            for spread in (truths.month_spread, 0.0)
        )
        means = quiet.sum(axis=0)[: len(years)]
        counts = draw_counts(plan, truths, np.random.default_rng(seed)).sum(axis=0)[: len(years)]
        noise = np.log(counts / means)
        counted = 1 / means.mean() if planted else 0.0  # what counting alone adds to the variance of the log
        found.append(np.cov(noise[1:], noise[:-1])[0, 1] / (noise.var() - counted))
    assert np.mean(found) == pytest.approx(planted, abs=0.05)


def test_over_dispersed_months_of_areas():
    """Moment estimate of the variance of the gamma factor: within 5 per cent; none in the standard world."""
    for world, planted in (("over-dispersed", 0.5), ("standard", 0.0)):
        counts, plan = totals(world)
        means = plan.expected[VIOLENCE]
        kept = means > 0
        found = (((counts - means) ** 2 - means)[kept]).sum() / (means[kept] ** 2).sum()
        assert found == pytest.approx(planted, abs=0.025)


@pytest.mark.parametrize("world", ["standard", "seasonal"])
def test_season(world):
    """First harmonic of months of a year, burglary: within 0.02."""
    counts, plan = totals(world, "anti-social-behaviour", area_drift=0.0)
    days = np.array([month.days for month in plan.truths.months])
    daily = (counts.sum(axis=0) / days).reshape(3, 12).mean(axis=0)  # April first
    wave = np.sin(2 * np.pi * np.arange(12) / 12)
    assert 2 * (daily * wave).sum() / daily.sum() == pytest.approx(plan.truths.season, abs=0.02)


def test_regression_to_the_mean(tmp_path):
    """Areas picked for being high fall by themselves, by what truth.json says: within 0.06."""
    ratios, planted = [], []
    for seed in range(4):
        sheet = simulate_partnership(tmp_path, seed=seed, world="regression-to-the-mean")
        rows = pd.read_csv(tmp_path / "incidents.csv", usecols=["month", "category", "area_code"])
        rows = rows[rows["category"] == VIOLENCE].assign(late=lambda frame: frame["month"] >= "2024-04")
        counts = rows.groupby(["area_code", "late"]).size().unstack()
        picked = counts.loc[sheet["response_areas"]].sum()
        ratios.append(picked[True] / picked[False])
        planted.append(sheet["fall_by_chance"])
        assert counts.loc[sheet["response_areas"], False].mean() > 1.2 * counts[False].mean()
    special = (11 + 1.55) / 12  # the special month lies in the baseline alone
    assert np.mean(planted) < 0.95
    assert np.mean(ratios) * special == pytest.approx(np.mean(planted), abs=0.06)


def test_commitment_ratings(tmp_path):
    """Mean rating of each commitment over eight counties within 0.12, gains within 0.05 of a step."""
    truths, agencies, rounds = plant(size="county"), all_agencies(24), []
    for seed in range(8):
        write_ratings(tmp_path, agencies, truths, seed)
        rounds.append(pd.read_csv(tmp_path / "commitment_ratings.csv"))
    ratings = pd.concat(rounds)
    early = ratings["rated_on"] == "2024-03-15"
    first = ratings[early].groupby("commitment")["rating"].mean()
    assert first.to_dict() == pytest.approx(truths.commitment_means, abs=0.12)
    gain = ratings[~early]["rating"].mean() - ratings[early]["rating"].mean()
    assert gain == pytest.approx(truths.commitment_gain, abs=0.05)


def test_voices_assets_and_the_survey(tmp_path):
    """Themes within 0.04, assets within a tenth, gain of ties within 0.05 points."""
    plan = make_partnership(size="county")
    truths, agencies = plan.truths, all_agencies(24)
    write_voices(tmp_path, plan.places, truths, 1)
    write_assets(tmp_path, plan.places, truths, 1)
    silent = write_ties(tmp_path, agencies, truths, 1)
    themes = pd.read_csv(tmp_path / "voices.csv")["theme"].value_counts(normalize=True)
    assert themes.to_dict() == pytest.approx(truths.theme_shares, abs=0.04)
    assert len(pd.read_csv(tmp_path / "assets.csv")) / 1_440 == pytest.approx(truths.assets_per_area, rel=0.1)
    ties = pd.read_csv(tmp_path / "ties.csv")
    waves = ties.groupby("wave")["score"].mean()
    assert waves[2] - waves[1] == pytest.approx(truths.tie_gain, abs=0.05)
    assert len(silent) == 4 and {name for name, _, _ in agencies} - set(ties["respondent"]) == set(silent)


def test_the_lattice_has_as_many_places_as_the_unit_says():
    assert f"of {LATTICE * LATTICE} places" in plant().as_record()["units"]["hot_places"]
