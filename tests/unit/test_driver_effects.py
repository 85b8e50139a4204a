"""Each driver by a model of its own, adjusted as the diagram asks."""

import numpy as np
import pandas as pd
import pytest

from problemsolving.drivers.diagram import build_causal_diagram
from problemsolving.drivers.effects import estimate_driver_effects
from problemsolving.drivers.rate_model import estimate_rate_ratios
from problemsolving.errors import NotEstimableError
from problemsolving.governance.policies import POLICIES
from problemsolving.governance.release import release


def world(n=400, seed=5):
    """Class causes income and drinking; income causes drinking; both cause harm."""
    rng = np.random.default_rng(seed)
    income = rng.normal(size=n)
    drinking = 0.7 * income + rng.normal(size=n)
    rate = np.exp(0.2 * income + 0.3 * drinking) * 0.05
    return pd.DataFrame(
        {"income": income, "drinking": drinking, "count": rng.poisson(rate * 1_500), "population": 1_500}
    )


DRAWN = build_causal_diagram(
    ["income -> drinking -> harm", "income -> harm"],
    outcome="harm",
    measured={name: name for name in ("income", "drinking", "harm")},
)
COLUMNS = {"income": "income", "drinking": "drinking"}


def test_a_mediator_is_not_held_and_a_confounder_is():
    areas = world()
    found = estimate_driver_effects(areas, diagram=DRAWN, columns=COLUMNS).frame.set_index("group")
    assert found["adjusted_for"].to_dict() == {"income": "nothing", "drinking": "income"}
    alone = estimate_rate_ratios(areas, drivers={"income": "income"}).frame.iloc[0]
    both = estimate_rate_ratios(areas, drivers={"drinking": "drinking", "income": "income"}).frame.iloc[0]
    assert found.loc["income", "estimate"] == pytest.approx(alone["ratio"])
    assert found.loc["drinking", "estimate"] == pytest.approx(both["ratio"])
    total = np.exp((0.2 + 0.3 * 0.7) * areas["income"].std())
    assert found.loc["income", "low"] < total < found.loc["income", "high"]


def test_what_cannot_be_told_is_named_and_has_no_number():
    hidden = build_causal_diagram(
        ["luck -> income", "luck -> harm", "income -> harm", "drinking -> harm"],
        outcome="harm",
        measured={name: name for name in ("income", "drinking", "harm")},
        unmeasured=["luck"],
    )
    result = estimate_driver_effects(world(), diagram=hidden, columns=COLUMNS)
    assert np.isnan(result.frame.set_index("group").loc["income", "estimate"])
    assert "Not estimable from these data, whatever the model: income" in result.summary()
    only = build_causal_diagram(
        ["luck -> income", "luck -> harm", "income -> harm"],
        outcome="harm", measured={"income": "income", "harm": "harm"}, unmeasured=["luck"],
    )  # fmt: skip
    with pytest.raises(NotEstimableError, match="can tell no driver: income"):
        estimate_driver_effects(world(), diagram=only, columns={"income": "income"})


def test_a_measured_node_needs_its_column():
    with pytest.raises(ValueError, match="name the column of drinking"):
        estimate_driver_effects(world(), diagram=DRAWN, columns={"income": "income"})


def test_it_leaves_coarse_and_with_enough_areas():
    result = estimate_driver_effects(world(), diagram=DRAWN, columns=COLUMNS)
    shown = release(result, POLICIES["opensafely"]).result
    assert shown.frame["estimate"].tolist() == result.frame["estimate"].round(2).tolist() and not shown.rests_on()
    assert all(value.n % 5 == 0 for value in shown.values())
    assert release(result, POLICIES["open"]).result.values() == result.values()
    few = estimate_driver_effects(world(8), diagram=DRAWN, columns=COLUMNS)
    assert release(few, POLICIES["opensafely"]).result.withheld
