"""Weight tables: what an event of each kind weighs, by whom, in which version; never a number of this package."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from problemsolving.measures.faults import rows_named, stop_at

ANY_MORE = "*"  # at the end of a code: every code that begins so
_MONEY = re.compile(r"[£$€]|\b(gbp|eur|usd|pounds?|pence|cost)\b", re.IGNORECASE)
_YEAR = re.compile(r"(\d{4})(?:/(\d{2}))?\Z", re.ASCII)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class WeightTable:
    """A named, versioned table of weights: ``frame`` has ``code``, ``weight`` and ``label``.

    ``sha256`` is that of its content whatever the order of its rows; ``steps`` says what was done to it since it was
    loaded; ``covers_unrecorded`` that it was multiplied from recorded to actual events.
    """

    frame: pd.DataFrame
    name: str
    version: str
    unit: str
    source: str
    price_year: str | None = None
    steps: tuple[str, ...] = ()
    covers_unrecorded: bool = False

    @property
    def is_money(self) -> bool:
        return self.price_year is not None

    @property
    def sha256(self) -> str:
        rows = sorted(zip(self.frame["code"], self.frame["weight"].astype(float).map(repr), strict=True))
        content = [self.name, self.version, self.unit, self.source, self.price_year, list(self.steps), rows]
        return hashlib.sha256(json.dumps(content, ensure_ascii=True).encode("ascii")).hexdigest()

    @property
    def citation(self) -> str:
        """The table in words: name, version, price year, and the beginning of its hash."""
        prices = f", {self.price_year} prices" if self.price_year else ""
        steps = "".join(f", {step}" for step in self.steps)
        return f"{self.name}, version {self.version}{prices}{steps} (sha256 {self.sha256[:8]})"

    @property
    def settings(self) -> dict[str, object]:
        """The table for the settings of a method."""
        about: dict[str, object] = {"weights": self.name, "version": self.version, "unit": self.unit}
        if self.price_year:
            about["price_year"] = self.price_year
        return about | {"sha256": self.sha256}

    def weigh(self, codes: pd.Series) -> pd.Series:
        """Give the weight of each code; missing where the table has none, for the caller to tell aloud.

        Examples
        --------
        >>> table = weight_table(pd.DataFrame({"code": ["8n", "105*"], "weight": [3, 1]}), name="made up", version="1",
        ...                      unit="days", source="an example")
        >>> table.weigh(pd.Series(["8N ", "105A", "46", None])).tolist()
        [3.0, 1.0, nan, nan]
        """
        written = written_codes(codes)
        known = dict(zip(self.frame["code"], self.frame["weight"], strict=True))
        found = written.map(known).astype(float)
        for code in [code for code in known if code.endswith(ANY_MORE)]:
            begins = written.str.startswith(code.removesuffix(ANY_MORE)).fillna(False).astype(bool)
            found = found.mask(begins, known[code])
        return found

    def __repr__(self) -> str:
        return f"<WeightTable: {self.citation}, {len(self.frame)} codes in {self.unit}>"


def weight_table(
    frame: pd.DataFrame, *, name: str, version: str, unit: str, source: str, price_year: str | None = None
) -> WeightTable:
    """Check a table of weights and name it.

    Answers: which weights are these, and can every event be given at most one of them?

    Parameters
    ----------
    frame : pandas.DataFrame
        Columns ``code`` (as the events carry it; ``8*`` stands for every code that begins with 8), ``weight``
        (0 or more, in the unit) and, where it has them, ``label`` and ``unit`` (the same in every row).
    name, version : str
        As its publisher calls it, for example the Cambridge Crime Harm Index or the ONS Crime Severity Score.
    unit : str
        Of one weight, for example "days of imprisonment" or "£".
    source : str
        Where it was published or taken from.
    price_year : str, optional
        Of money, as "2015" or "2015/16"; money must have one.

    Returns
    -------
    WeightTable
        Codes in capitals without blanks around them.

    Raises
    ------
    ValueError
        For every fault at once, named by row: missing or repeated codes, codes that overlap, missing or negative
        weights, units that differ, money without a price year.

    Notes
    -----
    The package holds no weights: severity scores and unit costs are loaded from their publisher's file by the user.

    Examples
    --------
    >>> table = weight_table(pd.DataFrame({"code": ["a", "b"], "weight": [1, 2]}), name="made up", version="1",
    ...                      unit="days", source="an example")
    >>> table.frame["weight"].tolist(), len(table.sha256)
    ([1.0, 2.0], 64)
    """
    faults = [f"{what} is empty; state it" for what, text in (("name", name), ("version", version), ("unit", unit), ("source", source)) if not str(text).strip()]  # fmt: skip
    lacking = [column for column in ("code", "weight") if column not in frame]
    faults += [f'column "{column}" is missing' for column in lacking]
    if _MONEY.search(unit) and price_year is None:
        faults.append("price_year is missing: money has one, for example 2015/16")
    if price_year is not None and not _is_year(price_year):
        faults.append("price_year must be written as 2015 or 2015/16")
    if not lacking:
        faults += _code_faults(written_codes(frame["code"])) + _weight_faults(frame, unit)
    stop_at(faults, what="the weight table")
    kept = pd.DataFrame({"code": written_codes(frame["code"]).to_numpy(), "weight": frame["weight"].to_numpy(float)})
    kept["label"] = (frame["label"].astype(str).to_numpy() if "label" in frame else kept["code"]).astype(object)
    return WeightTable(frame=kept, name=name, version=version, unit=unit, source=source, price_year=price_year)


def inflate_weights(table: WeightTable, *, to: str, deflator: Mapping[str, float], source: str) -> WeightTable:
    """Bring money to the prices of another year, with a deflator of yours.

    Parameters
    ----------
    table : WeightTable
        With a price year.
    to : str
        Year of the prices wanted.
    deflator : mapping of str to float
        Year → index, for example the GDP deflator; it must hold both years.
    source : str
        Of the deflator, with its date.

    Returns
    -------
    WeightTable
        Its weights times the ratio of the two index numbers.

    Raises
    ------
    ValueError
        For weights that are no money, or a deflator without one of the years or with an index of 0 or less.

    Examples
    --------
    >>> costs = weight_table(pd.DataFrame({"code": ["a"], "weight": [200]}), name="made up", version="1", unit="£",
    ...                      source="an example", price_year="2015/16")
    >>> inflate_weights(costs, to="2024/25", deflator={"2015/16": 80, "2024/25": 100}, source="made up").frame["weight"].tolist()
    [250.0]
    """
    if table.price_year is None:
        raise ValueError("only money can be inflated, and this table has no price_year")
    missing = [year for year in (table.price_year, to) if year not in deflator]
    if missing or not _is_year(to):
        raise ValueError(
            f"deflator has no index for {' and '.join(missing) or 'the year asked for'}; give both years as the table writes them"
        )
    index = {year: float(deflator[year]) for year in (table.price_year, to)}
    if not all(np.isfinite(value) and value > 0 for value in index.values()):
        raise ValueError("deflator must hold numbers above 0")
    step = f"inflated from {table.price_year} ({source})"
    frame = table.frame.assign(weight=table.frame["weight"] * (index[to] / index[table.price_year]))
    return replace(table, frame=frame, price_year=to, steps=(*table.steps, step))


def scale_to_actual(table: WeightTable, *, multiplier: Mapping[str, float] | float, source: str) -> WeightTable:
    """Let each recorded event stand for the actual ones, once.

    Parameters
    ----------
    table : WeightTable
        Not scaled before.
    multiplier : mapping of str to float, or float
        Actual events for one recorded, 1 or more, by the table's own codes.
    source : str
        Of the multiplier, with its date.

    Returns
    -------
    WeightTable
        Weights of a recorded event with the unrecorded ones behind it.

    Raises
    ------
    ValueError
        When the table was scaled before, or a code lacks a multiplier of 1 or more.

    Notes
    -----
    The multiplier belongs in one place. Do not use the scaled table on counts that are estimates of actual events.
    """
    if table.covers_unrecorded:
        raise ValueError("the table was scaled from recorded to actual events before; the multiplier is used only once")
    codes = table.frame["code"]
    if isinstance(multiplier, Mapping):
        given = {str(code).strip().upper(): value for code, value in multiplier.items()}
        factor = codes.map(given).to_numpy(float)
    else:
        factor = np.full(len(codes), float(multiplier))
    if not (factor >= 1).all():
        raise ValueError(
            f"multiplier must be 1 or more for every code; it is not for {rows_named(~(factor >= 1))} of the table"
        )
    frame = table.frame.assign(weight=table.frame["weight"] * factor)
    step = f"multiplied from recorded to actual ({source})"
    return replace(table, frame=frame, steps=(*table.steps, step), covers_unrecorded=True)


def written_codes(codes: pd.Series) -> pd.Series:
    """Give codes as text in capitals; a number without a fraction as a whole number."""
    if pd.api.types.is_float_dtype(codes) and (codes.dropna() % 1 == 0).all():
        codes = codes.astype("Int64")
    text = codes.astype("string").str.strip().str.upper()
    return text.mask(text == "")


def _code_faults(code: pd.Series) -> list[str]:
    """Name codes that are missing, repeated, or that an event could have together with another."""
    faults = [] if len(code) else ["it has no rows"]
    if code.isna().any():
        faults.append(f"code is missing in {rows_named(code.isna())}")
    repeated = code.duplicated(keep=False) & code.notna()
    if repeated.any():
        faults.append(f"code is repeated in {rows_named(repeated)}; keep one row a code")
    for place, prefix in code[code.str.endswith(ANY_MORE).fillna(False).astype(bool)].items():
        begins = code.str.startswith(prefix.removesuffix(ANY_MORE)).fillna(False).astype(bool) & (
            code != prefix
        ).fillna(False)
        if begins.any():
            own = rows_named(code.index == place)
            faults.append(f"code of {own} overlaps with {rows_named(begins)}; an event must match one row")
    return faults


def _weight_faults(frame: pd.DataFrame, unit: str) -> list[str]:
    """Name weights that are no number of 0 or more, and rows in another unit."""
    weight = pd.to_numeric(frame["weight"], errors="coerce").to_numpy(float)
    faults = []
    if (~np.isfinite(weight)).any():
        faults.append(
            f"weight is missing or no number in {rows_named(~np.isfinite(weight))}; an unknown weight is not 0"
        )
    if (weight < 0).any():
        faults.append(f"weight is negative in {rows_named(weight < 0)}")
    if "unit" in frame and (frame["unit"].astype(str) != unit).any():
        faults.append(f"unit is another one in {rows_named(frame['unit'].astype(str) != unit)}; one table has one unit")
    return faults


def _is_year(text: str) -> bool:
    """Tell whether a year is written as 2015 or as 2015/16.

    >>> _is_year("2015/16"), _is_year("2015"), _is_year("2015/17")
    (True, True, False)
    """
    found = _YEAR.match(text)
    return found is not None and (found[2] is None or (int(found[1]) + 1) % 100 == int(found[2]))
