"""The key figures of a page: a number, how sure it is, and what it is."""

from __future__ import annotations

from typing import Any


def key_figures(by_name: dict[tuple[str, str], dict[str, Any]]) -> list[dict[str, str]]:
    """Give the key figures: number, interval or period, and what it is."""

    def released(stage: str, name: str, value_name: str) -> list[dict[str, Any]]:
        values = by_name.get((stage, name), {}).get("values", [])
        return [value for value in values if value["name"] == value_name and value["estimate"] is not None]

    cards = []
    placed = [value for value in released("scan", "incidents", "incidents") if value["group"] == "in area"]
    cards += [_card(value, "{:,.0f}", "incidents in the area, baseline and follow-up together") for value in placed]
    rates = sorted(released("scan", "rate", "rate"), key=lambda value: -value["estimate"])
    where = ", the highest district" if len(rates) > 1 else ""
    cards += [
        _card(value, "{:,.0f}", f"per 100,000 residents in the baseline year, {value['group']}{where}")
        for value in rates[:1]
    ]
    top = released("scan", "gini", "share_in_top_tenth")
    cards += [_card(value, "{:.0%}", "of incidents in the busiest tenth of small areas") for value in top]
    for value in released("scan", "slope_index", "slope_index"):
        more, fewer = ("most", "least") if value["estimate"] < 0 else ("least", "most")
        ends = sorted(abs(value[key]) for key in ("low", "high")) if value["low"] * value["high"] > 0 else None
        turned = value | {"estimate": abs(value["estimate"])} | ({"low": ends[0], "high": ends[1]} if ends else {})
        cards.append(
            _card(turned, "{:,.0f}", f"more per 100,000 a year at the {more} deprived end than at the {fewer}")
        )
    effect = released("assess", "effect", "effect_ratio")
    cards += [
        _card(value, "{:.2f}", "change in response areas over change in comparison areas (below 1: fell more)")
        for value in effect
    ]
    return cards


def _card(value: dict[str, Any], written: str, words: str) -> dict[str, str]:
    sure = value["period"]
    if value["low"] is not None:
        sure = f"{value['level']:.0%} interval {written.format(value['low'])} to {written.format(value['high'])}"
    return {
        "number": written.format(value["estimate"]).replace("-", "−"),
        "sure": sure.replace(" -", " −"),
        "words": words,
    }
