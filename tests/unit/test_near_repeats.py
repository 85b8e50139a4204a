"""Near repeats: pairs in half-open bands against shuffled times, by brute force and by planted truths."""

import itertools
import tracemalloc

import numpy as np
import pandas as pd
import pytest

from problemsolving.errors import NotEstimableError
from problemsolving.governance.policies import POLICIES
from problemsolving.governance.release import release
from problemsolving.measures import pairs
from problemsolving.measures.bands import band_labels, check_edges
from problemsolving.measures.near_repeats import knox_test
from problemsolving.measures.pair_table import SAME_PLACE, log_ratio_errors, p_values
from problemsolving.measures.pairs import whole_days
from problemsolving.simulate.partnership import simulate_partnership

SAFE = POLICIES["opensafely"]


def seeded(seed=1):
    return np.random.default_rng(seed)


def scattered(n, seed=1, side=1_000, days=120, grid=50):
    """Events without near repeats, many on the edges of bands."""
    rng = seeded(seed)
    return np.round(rng.uniform(0, side, (n, 2)) / grid) * grid, rng.integers(0, days, n)


def knox(points, times, **changed):
    chosen = {
        "coordinates": "metres",
        "n_resamples": 99,
        "rng": seeded(),
        "distance_bands": (0, 100, 250),
        "time_bands": (0, 7, 14),
    }
    return knox_test(points, times, **(chosen | changed))


def slow_table(points, times, distances, spans, *, apart=True, manhattan=False):
    """Every pair, one by one."""
    rows, columns = len(distances) - 1 + apart, len(spans) - 1
    found = np.zeros((rows, columns), int)
    for i, j in itertools.combinations(range(len(times)), 2):
        gap = np.abs(points[i] - points[j])
        distance = round(gap.sum() if manhattan else np.sqrt((gap**2).sum()), 6)
        row = [k for k in range(len(distances) - 1) if distances[k] <= distance < distances[k + 1]]
        column = [k for k in range(columns) if spans[k] <= abs(times[i] - times[j]) < spans[k + 1]]
        if apart and distance == 0:
            row = [-1]
        if row and column:
            found[row[0] + apart, column[0]] += 1
    return found


def counted(result):
    shown = result.estimates()
    return shown["count"].to_numpy().reshape(len(result.distances), len(result.times)).astype(int)


# counts


@pytest.mark.parametrize("method", ["euclidean", "manhattan"])
@pytest.mark.parametrize("apart", [True, False])
@pytest.mark.parametrize(
    ("distances", "spans"),
    [
        ((0, 100, 250), (0, 7, 14)),
        ((50, 150), (3, 6)),
        ((0, 5_000), (0, 500)),
        ((0, 100, np.inf), (0, 1, np.inf)),
        ((100, np.inf), (2.5, 9)),
    ],
)
def test_counts_are_those_of_every_pair(distances, spans, apart, method):
    points, times = scattered(70)
    result = knox(points, times, distance_bands=distances, time_bands=spans, method=method, same_place_apart=apart)
    expected = slow_table(points, times, distances, spans, apart=apart, manhattan=method == "manhattan")
    assert counted(result).tolist() == expected.tolist()


@pytest.mark.parametrize(
    "blocks",
    [{"_DISTANCES": 40}, {"_AT_ONCE": 3}, {"_HELD": 50}, {"_ROWS": 2}, {"_COLUMNS": 32}, {"_KEPT": 1, "_HELD": 50}],
)
def test_the_size_of_blocks_changes_nothing(blocks, monkeypatch):
    points, times = scattered(60)
    before = knox(points, times)
    for name, size in blocks.items():
        monkeypatch.setattr(pairs, name, size)
    after = knox(points, times)
    pd.testing.assert_frame_equal(
        before.estimates()[["count", "expected", "low"]], after.estimates()[["count", "expected", "low"]]
    )
    if "_KEPT" not in blocks:
        assert before.values() == after.values()


def test_arrangements_that_are_drawn_again_are_the_same_for_every_block(monkeypatch):
    points, times = scattered(60)
    monkeypatch.setattr(pairs, "_KEPT", 1)
    before = knox(points, times)
    monkeypatch.setattr(pairs, "_HELD", 50)
    assert knox(points, times).values() == before.values()


def test_every_table_adds_up_to_all_pairs_and_its_margins_to_the_totals():
    points, times = scattered(80)
    frame = knox(points, times).frame
    cells, totals = frame[~frame["total"]], frame[frame["total"]]
    assert cells["count"].sum() == 80 * 79 / 2
    for name in ("distance", "time"):
        own = totals.dropna(subset=name).set_index(name)["count"]
        assert cells.groupby(name)["count"].sum().to_dict() == own.to_dict() and own.sum() == 80 * 79 / 2


def test_every_shuffle_keeps_the_margins():
    points, times = scattered(50)
    found = pairs.count_pairs(
        points, times.astype(float), distance_edges=np.array([0.0, 100, 250]), time_edges=np.array([0.0, 7, 14]),
        apart=True, metric="euclidean", n_resamples=199, rng=seeded(),
    )  # fmt: skip
    assert found.tables.shape == (200, 4, 3)
    assert (found.tables.sum(axis=2) == found.distance).all() and (found.tables.sum(axis=1) == found.time).all()
    assert (found.tables >= 0).all() and len(np.unique(found.tables[:, 1, 0])) > 3
    assert (found.events.sum(axis=0) == 2 * found.tables[0]).all()
    assert (found.events.sum(axis=2) == found.near).all() and (found.events.sum(axis=1) == found.soon).all()


def test_days_of_dates_are_whole_and_numbers_are_taken_as_they_are():
    dates = ["2024-01-01 23:59", "2024-01-02 00:01", "2024-01-02 23:00", "2024-01-09 12:00"]
    points = [[0, 0], [10, 0], [20, 0], [30, 0]]
    result = knox(points, dates, distance_bands=(0, 100), time_bands=(0, 1, 7, 8))
    assert counted(result)[1].tolist() == [1, 2, 2], "a minute over midnight is a day; seven days are not under seven"
    halves = knox(points, [0.0, 0.5, 0.75, 7.0], distance_bands=(0, 100), time_bands=(0, 0.5, 7))
    assert counted(halves)[1].tolist() == [1, 4]


@pytest.mark.parametrize("step", [0.1, 0.3, 1 / 3])
def test_what_binary_numbers_lose_moves_no_pair_over_an_edge(step):
    points = np.column_stack([np.arange(12) * step, np.zeros(12)])
    times = np.arange(12) * step
    result = knox(points, times, distance_bands=(0, 3 * step, 6 * step), time_bands=(0, 3 * step, 6 * step))
    apart = np.abs(np.arange(12)[:, None] - np.arange(12))[np.triu_indices(12, 1)]
    near, far = ((apart < 3).sum(), ((apart >= 3) & (apart < 6)).sum())
    assert counted(result).tolist() == [[0, 0], [near, 0], [0, far]]


@pytest.mark.parametrize("days", [200, 40_000, 3_000_000_000])
def test_long_times_are_counted_as_short_ones(days):
    rng = seeded(4)
    points, times = np.round(rng.uniform(0, 600, (40, 2))), rng.integers(0, 60, 40).astype(float)
    times[0] = days
    assert counted(knox(points, times)).tolist() == slow_table(points, times, (0, 100, 250), (0, 7, 14)).tolist()


def test_degrees_are_turned_into_metres_on_the_ground():
    step = 100 / 111_250  # degrees of latitude in about 100 m at 51.9 north
    points = [[-0.42, 51.88], [-0.42, 51.88 + step * 0.98], [-0.42, 51.88 + step * 2.1], [-0.42, 51.88]]
    for method in ("euclidean", "manhattan"):
        result = knox(
            points,
            [0, 1, 2, 20],
            coordinates="degrees",
            method=method,
            distance_bands=(0, 100, 200),
            time_bands=(0, 30),
        )
        assert counted(result).ravel().tolist() == [1, 2, 1]


def test_manhattan_distances_in_degrees_go_round_the_corner():
    east, north = 80 / 68_900, 60 / 111_250
    points = [[-0.42, 51.88], [-0.42 + east, 51.88 + north], [-0.30, 51.88]]
    straight, around = (
        counted(
            knox(
                points,
                [0, 1, 90],
                coordinates="degrees",
                method=method,
                distance_bands=(0, 105, 145),
                time_bands=(0, 7),
            )
        )[1:]
        for method in ("euclidean", "manhattan")
    )
    assert straight.ravel().tolist() == [1, 0] and around.ravel().tolist() == [0, 1]


# names of bands


def test_bands_are_named_by_what_they_hold():
    """The trap of tools that call [3, 6) "4 to 6 days"."""
    result = knox(
        [[0, 0], [50, 0], [60, 0], [900, 0]], [0, 3, 9, 40], distance_bands=(0, 100, 400), time_bands=(0, 3, 6)
    )
    assert result.distances == (SAME_PLACE, "above 0 to under 100 m", "100 to under 400 m")
    assert result.times == ("0 to under 3 days", "3 to under 6 days")
    shown = result.estimates().set_index("group")["count"]
    assert shown["above 0 to under 100 m, 3 to under 6 days"] == 1, "three days apart are in it, six would not be"
    plain = knox(
        [[0, 0], [50, 0], [60, 0]],
        [0, 3, 9],
        same_place_apart=False,
        distance_bands=(0, 100),
        time_bands=(0, 7, np.inf),
    )
    assert plain.distances == ("0 to under 100 m",) and plain.times == ("0 to under 7 days", "7 days or more")


def test_a_band_without_end_that_begins_above_0_is_named_so():
    assert band_labels([0, np.inf], unit="m", above_first=True) == ["above 0 m"]


@pytest.mark.parametrize("edges", [(0,), (5, 3), (0, 0, 1), (-1, 2), (0, np.nan), (0, np.inf, np.inf)])
def test_edges_that_make_no_bands_are_refused(edges):
    with pytest.raises(ValueError, match="my_edges"):
        check_edges(edges, name="my_edges")


# chance


def test_expected_pairs_are_the_mean_of_all_shuffles():
    """Every one of the 720 orders of six times."""
    rng = seeded(8)
    points, times = np.round(rng.uniform(0, 300, (6, 2))), np.array([0, 1, 1, 5, 9, 30])
    tables = np.array(
        [slow_table(points, times[list(order)], (0, 150), (0, 5)) for order in itertools.permutations(range(6))]
    )
    result = knox(points, times, distance_bands=(0, 150), time_bands=(0, 5), n_resamples=19_999)
    shown = result.estimates().iloc[1]
    assert shown["expected"] == pytest.approx(tables[:, 1, 0].mean())
    assert shown["p"] == pytest.approx((tables[:, 1, 0] >= tables[0, 1, 0]).mean(), abs=0.012)
    assert shown["median"] == np.median(tables[:, 1, 0])


def test_shuffles_that_use_drawn_orders_again_are_as_good_as_separate_ones():
    """The mean of n shuffles has the error of n independent ones, and none is missed."""
    points, times = scattered(30, grid=20, side=400)
    shown = knox(points, times, distance_bands=(0, 100), time_bands=(0, 7)).estimates()
    tables = np.array([table_of(points, times, 95, seeded(seed), days=(0, 7)).tables[1:, 1, 0] for seed in range(400)])
    ratio = tables.mean(axis=1).var() / (tables.var() / 95)
    assert tables.shape == (400, 95) and 0.8 < ratio < 1.25
    assert tables.mean() == pytest.approx(shown["expected"].iloc[1], abs=4 * np.sqrt(tables.var() / tables.size))


def test_p_is_one_more_over_one_more_and_the_adjusted_one_is_no_smaller():
    points, times = scattered(60)
    shown = knox(points, times, n_resamples=199).estimates()
    assert (shown["p"] * 200 % 1).max() < 1e-9 and (shown["p"] >= 1 / 200).all()
    assert (shown["p_adjusted"] >= shown["p"] - 1e-12).all()
    cluster = np.vstack([points, np.zeros((12, 2)) + 500])
    soon = np.concatenate([times, np.full(12, 60)])
    assert knox(cluster, soon, n_resamples=199).estimates()["p_adjusted"].min() == 1 / 200


def table_of(points, times, n_resamples, rng, *, metres=(0, 100), days=(0, 10)):
    edges = np.array(metres, float), np.array(days, float)
    return pairs.count_pairs(
        points, times.astype(float), distance_edges=edges[0], time_edges=edges[1], apart=True, metric="euclidean", n_resamples=n_resamples, rng=rng
    )  # fmt: skip


def test_the_test_of_nothing_rejects_at_its_level():
    rng, rejected, cells = seeded(11), [], []
    for _ in range(500):
        points, times = rng.uniform(0, 500, (40, 2)).round(-1), rng.integers(0, 60, 40)
        found = table_of(points, times, 159, rng, metres=(0, 60, 120), days=(0, 7, 14)).tables[:, :3, :2]
        alone, together = p_values(found.reshape(160, -1))
        rejected.append(together.min() <= 0.05)
        cells.append((alone <= 0.05).mean())
    assert 0.02 <= np.mean(rejected) <= 0.08 and 0.015 < np.mean(cells) < 0.06


def branching(rng, n=250, caused=0.2):
    """Events that cause others within 70 m and 10 days."""
    points, times = rng.uniform(0, 2_000, (n, 2)), rng.uniform(0, 365, n)
    parts = [(points, times)]
    while len(parts[-1][1]):
        many = rng.poisson(caused, len(parts[-1][1]))
        near = np.repeat(parts[-1][0], many, axis=0) + rng.uniform(-49, 49, (many.sum(), 2))
        parts.append((near, np.repeat(parts[-1][1], many) + rng.uniform(0, 10, many.sum())))
    return np.concatenate([p for p, _ in parts]), np.floor(np.concatenate([t for _, t in parts]))


def test_the_interval_of_a_ratio_covers_what_many_draws_give():
    rng, seen, expected, logs, errors = seeded(21), 0.0, 0.0, [], []
    for _ in range(300):
        found = table_of(*branching(rng), 1, rng)
        count, chance = found.tables[0, 1, 0], found.distance[1] * found.time[0] / found.time.sum()
        seen, expected = seen + count, expected + chance
        logs.append(np.log(count / chance))
        errors.append(log_ratio_errors(found)[1, 0])
    truth = np.log(seen / expected)
    assert truth > 1 and 0.90 <= np.mean(np.abs(np.array(logs) - truth) <= 1.96 * np.array(errors)) <= 0.985


def test_the_error_of_a_ratio_is_that_of_leaving_out_one_event_at_a_time():
    rng = seeded(2)
    heads, many = scattered(25, side=3_000), rng.integers(1, 8, 25)  # series of one to seven events
    points = np.repeat(heads[0], many, axis=0) + rng.uniform(-30, 30, (many.sum(), 2))
    times = np.repeat(heads[1], many) + rng.choice([0, 3, 40], many.sum())

    def log_ratio(kept):
        found = table_of(points[kept], times[kept], 1, seeded())
        return np.log(found.tables[0, 1, 0] / (found.distance[1] * found.time[0] / found.time.sum()))

    n, everyone = len(times), np.arange(len(times))
    left = np.array([log_ratio(everyone != one) for one in everyone])
    found = table_of(points, times, 1, seeded())
    seen, near, soon = found.tables[0, 1, 0], found.distance[1], found.time[0]
    twice = seen * (1 / seen - 1 / near - 1 / soon) ** 2 + (near - seen) / near**2 + (soon - seen) / soon**2
    variance = (n - 1) / n * ((left - left.mean()) ** 2).sum() - twice
    assert variance > 1.5 * twice, "so that the jackknife decides"
    assert log_ratio_errors(found)[1, 0] == pytest.approx(np.sqrt(variance), rel=0.05)
    along = np.tile(np.arange(20) * 500.0, 2)
    two = np.column_stack([along, np.repeat([0.0, 10.0], 20)])  # twenty pairs of neighbours, no event in two of them
    apart = table_of(two, np.concatenate([np.arange(20) * 30, np.arange(20) * 30 + 1]), 1, seeded())
    assert log_ratio_errors(apart)[1, 0] == pytest.approx(1 / np.sqrt(20), rel=0.05), "as for twenty separate counts"


def test_planted_near_repeats_are_found_and_no_others(tmp_path):
    simulate_partnership(tmp_path, seed=7)
    columns = ["occurred_at", "category", "longitude", "latitude"]
    data = pd.read_csv(tmp_path / "incidents.csv", usecols=columns, parse_dates=["occurred_at"])
    found = {}
    for category in ("burglary", "criminal-damage-arson", "shoplifting"):
        rows = data[data["category"] == category]
        shown = knox_test(
            rows[["longitude", "latitude"]], rows["occurred_at"], distance_bands=(0, 200, 400, 600), time_bands=(0, 15, 29), n_resamples=499, rng=seeded()
        ).estimates()  # fmt: skip
        found[category] = shown.set_index(["distance", "time"])
    near, far = ("above 0 to under 200 m", "0 to under 15 days"), ("400 to under 600 m", "15 to under 29 days")
    assert found["burglary"].loc[near, "ratio"] > found["criminal-damage-arson"].loc[near, "ratio"] > 1.5
    assert found["burglary"].loc[near, "beyond"] and found["criminal-damage-arson"].loc[near, "beyond"]
    assert not found["burglary"].loc[far, "beyond"] and not found["shoplifting"]["beyond"].any()
    assert found["shoplifting"].loc[near, "low"] < 1 < found["shoplifting"].loc[near, "high"]


# what is given and what is refused


def test_events_without_a_point_or_a_time_are_left_out_aloud():
    points, times = scattered(60)
    holes = np.vstack([points, [[np.nan, 1], [1, 1]]]), np.append(times.astype(float), [3, np.nan])
    result = knox(*holes)
    assert result.values() == knox(points, times).values() and result.events == 60
    assert "left out: fewer than 5 in 100" in result.caveats[0]
    assert not any("left out" in caveat for caveat in knox(points, times).caveats)


@pytest.mark.parametrize(
    ("points", "times", "changed", "words"),
    [
        ([[0, 0], [1, 1]], [0, 1, 2], {}, "one row for each"),
        ([[0, 0, 0]] * 3, [0, 1, 2], {}, "two columns"),
        ([[600, 100], [1, 2], [3, 4]], [0, 1, 2], {"coordinates": "degrees"}, "longitude and latitude"),
        ([[0, 0], [1, 1], [2, 2]], ["a secret", "b", "c"], {}, "times must be dates"),
        ([[0, 0], [1, 1], [2, 2]], pd.to_datetime(["2024-01-01"] * 3, utc=True), {}, "to_local"),
        ([[0, 0], [1, 1], [2, 2]], [0, 1, 2], {"distance_bands": (3, 1)}, "distance_bands"),
        ([[0, 0], [1, 1], [2, 2]], [0, 1, 2], {"time_bands": (3,)}, "time_bands"),
        ([[0, 0], [1, 1], [2, 2]], [0, 1, 2], {"n_resamples": 0}, "n_resamples"),
        ([[0, 0], [1, 1], [2, 2]], [0, 1, 2], {"confidence_level": 1}, "confidence_level"),
    ],
)  # fmt: skip
def test_wrong_input_is_refused_without_showing_it(points, times, changed, words):
    with pytest.raises(ValueError, match=words) as caught:
        knox(points, times, **changed)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("points", "times"),
    [
        ([[0, 0], [1, 1]], [0, 1]),
        ([[0, 0], [1, 1], [2, 2]], [5, 5, 5]),
        ([[1, 1]] * 4, [0, 1, 2, 3]),
        ([[np.nan, 0]] * 5, [0, 1, 2, 3, 4]),
    ],
)
def test_too_few_events_or_no_variety_is_not_estimable(points, times):
    with pytest.raises(NotEstimableError):
        knox(points, times)


def test_a_cell_that_cannot_hold_a_pair_is_not_estimable_with_a_reason():
    result = knox([[0, 0], [50, 0], [900, 900], [950, 900]], [0, 1, 50, 60])
    same = [value for value in result.values() if value.group == f"{SAME_PLACE}, 0 to under 7 days"]
    assert [value.estimate for value in same[:2]] == [None, None] and "not estimable" in same[0].reason
    assert "–" in [row[5] for row in result.table().text_rows()] and result.plot() is not None


def test_whole_days_of_missing_and_named_times():
    assert np.isnan(whole_days(pd.Series(["2024-01-01", None]))[1])
    assert whole_days(pd.to_datetime(["2024-01-02"]).date).tolist() == [19724]


def test_inputs_are_not_changed_and_the_seed_decides():
    points, times = scattered(50)
    kept = points.copy(), times.copy()
    assert knox(points, times).values() == knox(points, times).values()
    assert (points == kept[0]).all() and (times == kept[1]).all()


def test_all_pairs_take_little_memory():
    rng = seeded()
    points, times = rng.uniform(0, 1_000, (1_500, 2)), rng.integers(0, 300, 1_500)
    tracemalloc.start()
    found = knox(points, times, distance_bands=(0, 500, 1_400), time_bands=(0, 30, 60), n_resamples=19)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.frame.loc[~found.frame["total"], "count"].sum() == 1_500 * 1_499 / 2
    assert peak < 120e6, "a matrix of all distances and times, with the rest, would take more"


# words and pictures


def test_the_summary_names_the_cell_with_the_largest_ratio_beyond_chance():
    points, times = branching(seeded(3), n=200, caused=0.5)
    result = knox(points, times, n_resamples=499, of="burglaries")
    shown = result.estimates()
    top = shown[shown["beyond"]].sort_values("ratio").iloc[-1]
    assert "Burglaries followed each other nearby sooner than chance" in result.summary()
    assert (
        f"at {top['group']} apart: {top['count']:,.0f} pairs" in result.summary()
        and f"{top['ratio']:.1f} times" in result.summary()
    )
    assert "No near repeats were found beyond chance" in knox(*scattered(60)).summary()


def test_the_picture_shows_every_ratio_and_frames_what_is_beyond_chance():
    points, times = branching(seeded(3), n=200, caused=0.5)
    result = knox(points, times, n_resamples=499)
    shown, picture = result.estimates(), result.plot()
    known = shown["ratio"].notna()
    assert [text.get_text() for text in picture.texts] == [f"{ratio:.2f}" for ratio in shown["ratio"][known]]
    frames = [patch for patch in picture.patches if not patch.get_fill()]
    assert len(frames) == shown["beyond"].sum() > 0
    assert [tick.get_text() for tick in picture.get_yticklabels()] == list(result.distances)


# release


def words_of(result):
    return result.summary() + repr(result.values()) + repr(result.table().text_rows())


def test_pairs_leave_rounded_with_everything_computed_from_them():
    points, times = branching(seeded(3), n=400, caused=0.4)
    result = knox(points, times, distance_bands=(0, 100, 200, 300), time_bands=(0, 7, 14, 21), n_resamples=499)
    shown = release(result, SAFE).result
    found = shown.estimates()
    assert all(value.n is None or (value.n > 7 and value.n % 5 == 0) for value in shown.values())
    totals = shown.frame[shown.frame["total"]].set_index(["distance", "time"])["count"]
    assert (totals.dropna() % 5 == 0).all()
    row = found.dropna(subset="ratio").iloc[0]
    near, soon = (shown._totals(name) for name in ("distance", "time"))
    assert row["expected"] == pytest.approx(near[row["distance"]] * soon[row["time"]] / near.sum())
    assert (found["p"].dropna() * 100 % 1).round(9).isin([0, 1]).all()


@pytest.mark.parametrize("policy", ["opensafely", "ons"])
def test_a_withheld_cell_is_nowhere(policy):
    points, times = branching(seeded(3), n=400, caused=0.4)
    result = knox(points, times, distance_bands=(0, 20, 200, 300), time_bands=(0, 2, 14, 21), n_resamples=199)
    before = result.estimates().set_index("group")
    small = before.index[(before["count"] > 0) & (before["count"] <= 7)]
    assert len(small)
    shown = release(result, POLICIES[policy]).result
    after = shown.estimates().set_index("group")
    numbers = after.drop(columns=["distance", "time", "beyond"])
    assert numbers.loc[small].isna().all(axis=None) and not after.loc[small, "beyond"].any()
    assert shown.frame.loc[shown.frame["count"].isna(), ["p", "p_adjusted", "error", "median"]].isna().all(axis=None)
    withheld = [value for value in shown.values() if value.group in small]
    assert withheld and all(
        value.estimate is None and value.interval is None and "withheld" in value.reason for value in withheld
    )
    picture = shown.plot()
    assert len(picture.texts) == after["ratio"].notna().sum() < len(after)


def test_nothing_left_to_show_is_told_as_withheld():
    shown = release(knox(*scattered(12)), SAFE).result
    assert "withheld" in words_of(shown)


def test_policy_open_changes_nothing():
    result = knox(*scattered(60))
    opened = release(result, POLICIES["open"]).result
    assert (
        opened.values() == result.values() and opened.summary() == result.summary() and opened.table() == result.table()
    )
