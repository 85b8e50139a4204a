"""Parts sum to the change, know no order, and turn with time."""

from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from problemsolving.drivers.decomposition import decompose_change, decompose_demand
from problemsolving.drivers.parts import TOTAL

values = st.floats(0.1, 100)


@st.composite
def factors(draw, *, least=2, most=6):
    """Factors before and after: numbers and vectors over the same classes, at least one of them a vector or none."""
    n, classes = draw(st.integers(least, most)), draw(st.integers(1, 4))
    sides = ({}, {})
    for name in "abcdef"[:n]:
        size = draw(st.sampled_from([1, classes]))
        for side in sides:
            side[name] = np.array(draw(st.lists(values, min_size=size, max_size=size)))
            side[name] = side[name] if size > 1 else float(side[name][0])
    return sides


def worth(side, total, over=()):
    def summed(names):
        return float(np.sum(np.prod(np.broadcast_arrays(*[side[name] for name in names]), axis=0)))

    return summed(total) / summed(over) if over else summed(total)


def by_orders(before, after, total, over=()):
    """The definition itself: change factors one after another, in every order, and take means."""
    found = dict.fromkeys(before, 0.0)
    orders = list(permutations(before))
    for order in orders:
        now = dict(before)
        for name in order:
            earlier = worth(now, total, over)
            now[name] = after[name]
            found[name] += (worth(now, total, over) - earlier) / len(orders)
    return found


def near(change, scale):
    return pytest.approx(change, rel=1e-9, abs=1e-9 * max(scale, 1))


@settings(max_examples=60, deadline=None)
@given(factors())
def test_parts_of_sums_of_products_add_up_and_turn_with_time(sides):
    before, after = sides
    old, new = worth(before, before), worth(after, after)
    parts = decompose_change(before, after)
    scale = worth({name: np.maximum(before[name], after[name]) for name in before}, before)
    assert sum(parts.values()) == near(new - old, scale)
    back = decompose_change(after, before)
    assert all(parts[name] == near(-back[name], scale) for name in parts)


@settings(max_examples=40, deadline=None)
@given(factors(most=5), st.data())
def test_ratios_of_sums_are_the_mean_over_every_order_and_add_up(sides, data):
    before, after = sides
    over = data.draw(st.lists(st.sampled_from(list(before)), min_size=1, unique=True))
    total = data.draw(
        st.lists(st.sampled_from(list(before)), unique=True).filter(lambda some: set(some) | set(over) == set(before))
    )
    total = total or list(before)
    parts = decompose_change(before, after, total=total, divided_by=over)
    expected = by_orders(before, after, total, over)
    scale = max(abs(part) for part in expected.values())
    assert parts == {name: near(part, scale) for name, part in expected.items()}
    assert sum(parts.values()) == near(worth(after, total, over) - worth(before, total, over), scale)


@settings(max_examples=40, deadline=None)
@given(factors(), st.floats(0.1, 10), st.randoms())
def test_order_scale_and_what_did_not_move(sides, scale, random):
    before, after = sides
    parts = decompose_change(before, after)
    size = max(1.0, *(abs(part) for part in parts.values()))
    names = list(before)
    random.shuffle(names)
    again = decompose_change({n: before[n] for n in names}, {n: after[n] for n in names})
    assert again == {name: near(parts[name], size) for name in parts}
    first = next(iter(before))
    scaled = [{**side, first: side[first] * scale} for side in sides]
    assert decompose_change(*scaled) == {name: near(part * scale, size * scale) for name, part in parts.items()}
    assert decompose_change(before, {**after, first: before[first]})[first] == pytest.approx(0, abs=1e-9 * size)


@st.composite
def periods(draw):
    """Counts of two periods by class, each total within the one before; zeros among them."""
    classes = draw(st.integers(1, 4))
    frames = []
    for _ in range(2):
        rows = []
        for label in "wxyz"[:classes]:
            people = draw(st.integers(0, 40))
            contacts = people + draw(st.integers(0, 60)) if people else 0
            rows.append((label, draw(st.integers(1, 5_000)), people, contacts, contacts * draw(st.integers(1, 50))))
        frames.append(pd.DataFrame(rows, columns=["class", "population", "people", "contacts", "minutes"]))
    return frames


@settings(max_examples=60, deadline=None)
@given(periods().filter(lambda frames: all(frame["minutes"].sum() for frame in frames)), st.randoms())
def test_parts_of_demand_add_up_with_empty_classes_and_turn_with_time_and_know_no_row_order(frames, random):
    before, after = frames
    kept = {"by": "class", "n_resamples": 20}
    result = decompose_demand(before, after, rng=np.random.default_rng(0), **kept)
    parts = dict(result.parts)
    change, scale = after["minutes"].sum() - before["minutes"].sum(), before["minutes"].sum() + after["minutes"].sum()
    assert parts.pop(TOTAL) == near(change, scale) and sum(parts.values()) == near(change, scale)
    back = decompose_demand(after, before, rng=np.random.default_rng(0), **kept).parts
    assert all(parts[name] == near(-back[name], scale) for name in parts)
    order = list(range(len(before)))
    random.shuffle(order)
    again = decompose_demand(before.iloc[order], after, rng=np.random.default_rng(0), **kept)
    assert again.parts == {name: near(part, scale) for name, part in result.parts.items()}
    assert again.reach == {name: pytest.approx(limits, abs=1e-6 * scale) for name, limits in result.reach.items()}
    assert result.sure == {} or sum(result.sure.values()) == pytest.approx(1)
