"""Made-up weights of offences, and demand as two coders read it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from problemsolving.simulate.streams import stream
from problemsolving.simulate.truths import COSTS, HARMS, Truths
from problemsolving.simulate.write import write_table

_KINDS = ("asking for help", "asking again", "asking where it stands", "reporting")
SCHEMES = {"harm": ("Made-up harm points", "points"), "cost": ("Made-up unit costs", "pounds")}


def write_weights(folder: Path) -> None:
    """Write the table ``weight``: harm and cost of each offence code."""
    rows = [
        (SCHEMES[kind][0], "2025", kind, code, weight, SCHEMES[kind][1], 2024 if kind == "cost" else "")
        for kind, weights in (("harm", HARMS), ("cost", COSTS))
        for code, weight in weights.items()
    ]
    names = ("scheme", "version", "kind", "code", "weight", "unit", "price_year")
    write_table(folder, "weights.csv", dict(zip(names, zip(*rows, strict=True), strict=True)))


def write_codings(folder: Path, truths: Truths, seed: int) -> None:
    """Write the table ``coded_demand``: the second coder gives the first one's code but for a share."""
    rng, size = stream(seed, "codings"), truths.coded_items
    failure = rng.random(size) < truths.failure_share
    second = np.where(rng.random(size) < truths.coders_differ, ~failure, failure)
    kinds = [_KINDS[at] for at in rng.integers(len(_KINDS), size=size)]
    items = [f"D{number:05d}" for number in range(1, size + 1)]
    codes = [["failure" if found else "value" for found in both] for both in (failure, second)]
    write_table(
        folder,
        "coded_demand.csv",
        {
            "item_id": items * 2,
            "coder": ["first"] * size + ["second"] * size,
            "code": codes[0] + codes[1],
            "kind": kinds * 2,
        },
    )
