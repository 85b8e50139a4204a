"""Do journeys differ between groups of people? Waits, returns and contacts, with a test that shuffles people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd

from problemsolving.errors import NetworkError, NotEstimableError, counted
from problemsolving.grouped import GroupedResult
from problemsolving.network.pathways.ordered import DAY, Floats, Ints, Ordered, by_identifier, last_moment, order_events
from problemsolving.network.pathways.shuffled import permute_groups
from problemsolving.network.pathways.step_bootstrap import weighted_quantiles
from problemsolving.network.pathways.step_counts import SortedWaits, by_code, find_steps
from problemsolving.results import Column, Method, Value, interval, listed, number, whole
from problemsolving.stats.intervals import normal_quantile, wilson_limits
from problemsolving.stats.resampling import bootstrap_weights, percentile_interval

WAIT, RETURN, CONTACTS = "median wait", "came back", "contacts each"
UNITS = {WAIT: "days", RETURN: "share of people", CONTACTS: "contacts a person"}


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class GroupComparison(GroupedResult):
    """Journeys by group of people: ``frame`` has ``measure``, ``label`` (the group of people), ``part``, ``count``.

    ``behind`` has ``measure``, ``label``, what no count tells (``median``) and limits as multiples of the estimate;
    ``p`` has the p of each measure.
    """

    margins: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("line",),
        ("returns",),
        ("waited",),
        ("people",),
        ("contacts",),
    )

    behind: pd.DataFrame
    p: Mapping[str, float]
    within_days: float

    def estimates(self) -> pd.DataFrame:
        """Give ``measure``, ``group`` (of people), ``count`` (people), ``estimate`` and its limits, one row each."""
        wide = self.frame.pivot(index=["measure", "label"], columns="part", values="count")
        wide = wide.reindex(pd.MultiIndex.from_frame(self.behind[["measure", "label"]]))
        behind = self.behind.set_index(["measure", "label"])
        people = wide["people"].where(wide["people"].notna(), wide["yes"] + wide["no"])
        share = wide["yes"] / people.where(people > 0)
        mean = wide["contacts"] / people.where(people > 0)
        told = behind["median"].where(people.notna()).fillna(share).fillna(mean)
        low, high = wilson_limits(wide["yes"].to_numpy(), people.to_numpy(), confidence_level=self.level)
        returned = behind.index.get_level_values(0) == RETURN
        return pd.DataFrame(
            {
                "measure": behind.index.get_level_values(0),
                "group": behind.index.get_level_values(1),
                "count": people.to_numpy(),
                "estimate": told.to_numpy(),
                "low": np.where(returned, low, told * behind["below"]),
                "high": np.where(returned, high, told * behind["above"]),
            }
        )

    def tests(self) -> pd.DataFrame:
        """Give ``measure``, ``p`` and ``n``; p is withheld where a group is."""
        shown = self.estimates()
        rows = []
        for measure, p in self.p.items():
            mine = shown[shown["measure"] == measure]
            whole_ = bool(mine[["count", "estimate"]].notna().all(axis=None))
            rows.append((measure, p if whole_ else np.nan, mine["count"].sum() if whole_ else np.nan))
        return pd.DataFrame(rows, columns=["measure", "p", "n"])

    def columns(self) -> dict[str, Column]:
        return {
            "measure": Column("What"),
            "group": Column(self.heading),
            "count": Column("People", "count"),
            "estimate": Column("Estimate", "number", 2),
            "low": Column("Low", "number", 2),
            "high": Column("High", "number", 2),
        }

    def values(self) -> list[Value]:
        reason = "withheld: too few, or it guards such a count"
        found = [
            Value(
                name=row["measure"].replace(" ", "_"),
                group=row["group"],
                estimate=number(row["estimate"]),
                interval=interval(row["low"], row["high"], self.level),
                unit=UNITS[row["measure"]],
                n=whole(row["count"]),
                reason=None if number(row["estimate"]) is not None else reason,
            )
            for row in self.estimates().to_dict("records")
        ]
        for row in self.tests().to_dict("records"):
            told = number(row["p"])
            name = f"p_{row['measure'].replace(' ', '_')}"
            why = None if told is not None else "withheld: a group is"
            found.append(Value(name=name, estimate=told, unit="probability", n=whole(row["n"]), reason=why))
        return found

    def summary(self) -> str:
        known = self.tests().dropna(subset="p")
        if known.empty:
            return "Journeys of the groups cannot be compared: too few people are shown in one of them."
        clear = known[known["p"] < 1 - self.level]
        if clear.empty:
            return f"Between the groups no difference was clear in {listed(known['measure'].tolist())} (smallest p {known['p'].min():.2g})."
        return " ".join(self._told(row["measure"], row["p"]) for row in clear.to_dict("records"))

    def _told(self, measure: str, p: float) -> str:
        shown = self.estimates()
        mine = shown[shown["measure"] == measure].sort_values(["estimate", "group"], kind="stable")
        most, least = mine.iloc[-1], mine.iloc[0]
        one, other = (f"{x:.0%}" if measure == RETURN else f"{x:,.1f}" for x in (most["estimate"], least["estimate"]))
        unit = {WAIT: " days", RETURN: f" of people within {self.within_days:g} days", CONTACTS: ""}[measure]
        told = "p < 0.001" if p < 0.001 else f"p = {p:.2g}"
        return f"{measure.capitalize()} differed between the groups ({told}): {one}{unit} for {most['group']}, {other} for {least['group']}."

    def alt_text(self) -> str:
        return f"Median wait by group of people, with intervals. {self.summary()}"

    def plot(self, *, ax: Any = None) -> Any:
        from problemsolving import draw

        shown = self.estimates()
        shown = shown[shown["measure"] == WAIT]
        return draw.intervals(
            shown["group"].tolist(),
            shown["estimate"],
            low=shown["low"],
            high=shown["high"],
            quantity="median wait, days",
            ax=ax,
        )

    def rebuild(self, cells: pd.DataFrame) -> Self:
        guard = cells[cells["part"] == "beside_median"].set_index("label")["count"]
        passed = self.behind["label"].map(guard).notna() | (self.behind["measure"] != WAIT)
        hidden = ["median", "below", "above"]
        behind = self.behind.assign(**{name: self.behind[name].where(passed) for name in hidden})
        return replace(self, frame=cells, behind=behind)

    def blurred(self) -> Self:
        """Give medians to a tenth of a day, limits to a tenth of the estimate (never narrower), p to two digits."""
        behind = self.behind.assign(
            median=self.behind["median"].round(1),
            below=np.floor(self.behind["below"] * 10 + 1e-9) / 10,
            above=np.ceil(self.behind["above"] * 10 - 1e-9) / 10,
        )
        return replace(self, behind=behind, p={name: float(f"{p:.2g}") for name, p in self.p.items()})


def compare_groups(
    events: pd.DataFrame,
    *,
    groups: pd.Series,
    within_days: float,
    case: str = "person_id",
    step: str = "agency",
    start: str = "started_at",
    end: str | None = None,
    until: pd.Timestamp | str | None = None,
    confidence_level: float = 0.95,
    n_resamples: int = 999,
    rng: np.random.Generator | None = None,
) -> GroupComparison:
    """Compare journeys between groups of people: waits between contacts, coming back, and number of contacts.

    Answers: do some people wait longer, or go round more often, than others?

    Parameters
    ----------
    events : pandas.DataFrame
        One row a contact, in any order.
    groups : pandas.Series
        Group of each person, the persons in the index. People without a group are left out.
    within_days : float
        Days within which a second contact with any agency is coming back, above 0.
    case, step, start, end
        As in `problemsolving.network.pathways.journey_table.measure_journeys`.
    until : pandas.Timestamp or str, optional
        When the data end; the last time in them when not given.
    confidence_level : float
        Of the intervals; a difference is clear where p is below its complement.
    n_resamples : int
        Shuffles of the test and draws of people, 1 or more.
    rng : numpy.random.Generator, optional
        Source of randomness.

    Returns
    -------
    GroupComparison
        By group: median wait in days (bootstrap of people), share who came back of those watched for all the days
        (Wilson), contacts a person (bootstrap of people), and for each a p by shuffling groups over people. The test of
        waits is one of the share of waits longer than the common median.

    Raises
    ------
    NetworkError, NotEstimableError
        As `problemsolving.network.pathways.ordered.order_events`; also for a person in several groups and for fewer than two.
    ValueError
        For ``within_days`` of 0 or less or no draws.

    Notes
    -----
    A difference is no proof of unequal treatment: needs may differ. Three tests are made; take a single p just below the
    line for what it is. Do not use where a person may be in several groups.

    References
    ----------
    Good P (2005) Permutation, parametric and bootstrap tests of hypotheses, 3rd edition. Springer.

    Examples
    --------
    >>> log = pd.DataFrame({"person_id": np.repeat(np.arange(8), 2), "agency": ["a", "b"] * 8})
    >>> wait = np.where(np.arange(16) % 2, np.repeat([1, 9], 8), 0)
    >>> log["started_at"] = pd.to_datetime("2024-01-01") + pd.to_timedelta(wait, unit="D")
    >>> who = pd.Series(["x"] * 4 + ["y"] * 4, index=range(8))
    >>> found = compare_groups(log, groups=who, within_days=5, until="2024-06-01", rng=np.random.default_rng(1))
    >>> found.estimates()["estimate"].tolist()
    [1.0, 9.0, 1.0, 0.0, 2.0, 2.0]
    """
    normal_quantile(confidence_level)
    if not within_days > 0 or n_resamples < 1:
        raise ValueError("within_days must be above 0 and n_resamples 1 or more")
    known = (
        groups.dropna()
        .rename("group")
        .rename_axis("person")
        .reset_index()
        .drop_duplicates()
        .set_index("person")["group"]
    )
    several = known.index[known.index.duplicated()].nunique()
    if several:
        raise NetworkError(
            "groups cannot be compared", faults=[f"groups: {counted(several, 'person')} in several groups"]
        )
    kept = events[events[case].isin(known.index)] if case in events else events
    ordered = order_events(kept, case=case, step=step, start=start, end=end)
    names, label = np.unique(known.reindex(ordered.identifiers).astype(str).to_numpy(dtype=object), return_inverse=True)
    if len(names) < 2:
        raise NotEstimableError("people of at least two groups are needed to compare them")
    parts = _by_person(ordered, within_days, last_moment(until, ordered.begin, ordered.finish))
    rank = by_identifier(ordered)
    rng = np.random.default_rng() if rng is None else rng
    place = np.argsort(rank)
    p = permute_groups(parts.top[:, place], parts.bottom[:, place], label[place], n_resamples=n_resamples, rng=rng)
    frame = _counts(parts, label, tuple(names))
    behind = _behind(parts, label, tuple(names), rank, n_resamples, rng, confidence_level)
    return GroupComparison(
        method=Method(
            "Permutation test, groups shuffled over people; bootstrap of people", "Good 2005", {"shuffles": n_resamples}
        ),
        unit="days, share, contacts",
        frame=_with_margins(frame),
        behind=behind,
        p=dict(zip((WAIT, RETURN, CONTACTS), p.tolist(), strict=True)),
        within_days=within_days,
        level=confidence_level,
        of="people",
        heading="People",
        caveats=(
            "A difference between groups may come from different needs as well as from different treatment",
            "Three things are tested at once",
        ),
    )


@dataclass(frozen=True, eq=False)
class _People:
    """What each person adds: numerators and denominators of three ratios, contacts, and waits sorted by length."""

    top: Floats
    bottom: Floats
    contacts: Floats
    wait: Floats
    case: Ints


def _by_person(ordered: Ordered, within_days: float, last: int) -> _People:
    steps = find_steps(ordered)
    wait, case = steps.wait[steps.waited], steps.case[steps.waited]
    place = np.argsort(wait, kind="stable")
    wait, case = wait[place], case[place]
    cases = ordered.cases
    middle = float(np.median(wait)) if len(wait) else 0.0
    first = np.flatnonzero(ordered.first)
    begun = np.empty(cases, np.int64)
    begun[ordered.case[first]] = ordered.finish[first] if ordered.ended else ordered.begin[first]
    watched = begun <= last - within_days * DAY
    watched &= begun > np.iinfo(np.int64).min
    later = (ordered.begin > begun[ordered.case]) & ((ordered.begin - begun[ordered.case]) <= within_days * DAY)
    returned = np.bincount(ordered.case[later], minlength=cases) > 0
    contacts = np.bincount(ordered.case, minlength=cases).astype(float)
    top = [np.bincount(case[wait > middle], minlength=cases), watched & returned, contacts]
    bottom = [np.bincount(case, minlength=cases), watched, np.ones(cases)]
    return _People(np.array(top, float), np.array(bottom, float), contacts, wait, case)


def _counts(parts: _People, label: Ints, names: tuple[str, ...]) -> pd.DataFrame:
    rows = []
    for code, name in enumerate(names):
        mine = label == code
        waits = label[parts.case] == code
        middle = np.median(parts.wait[waits]) if waits.any() else np.nan
        sides = [np.unique(parts.case[waits & side]).size for side in (parts.wait <= middle, parts.wait >= middle)]
        rows += [
            (WAIT, name, "people", np.unique(parts.case[waits]).size),
            (WAIT, name, "beside_median", min(sides)),
            (RETURN, name, "yes", parts.top[1][mine].sum()),
            (RETURN, name, "no", (parts.bottom[1] - parts.top[1])[mine].sum()),
            (CONTACTS, name, "people", mine.sum()),
            (CONTACTS, name, "contacts", parts.contacts[mine].sum()),
        ]
    return pd.DataFrame(rows, columns=["measure", "label", "part", "count"]).astype({"count": float})


def _with_margins(frame: pd.DataFrame) -> pd.DataFrame:
    """Say which counts add up: returns by group and over groups, and each other count over groups."""
    part, measure = frame["part"], frame["measure"]
    yes_no = part.isin(["yes", "no"])
    return frame.assign(
        line=frame["label"].where(yes_no),
        returns=part.where(yes_no),
        waited=part.where((measure == WAIT) & (part == "people")),
        people=part.where((measure == CONTACTS) & (part == "people")),
        contacts=part.where(part == "contacts"),
    )


def _behind(
    parts: _People,
    label: Ints,
    names: tuple[str, ...],
    rank: Ints,
    n_resamples: int,
    rng: np.random.Generator,
    level: float,
) -> pd.DataFrame:
    """Give medians, and limits of medians and means from drawing people, as multiples of them."""
    place = by_code(label[parts.case])
    edges = np.concatenate([[0], np.cumsum(np.bincount(label[parts.case], minlength=len(names)))])
    waits = SortedWaits(parts.wait[place], parts.case[place], edges)
    medians, means = [], []
    ones = np.eye(len(names))[label]
    for _ in range(n_resamples):
        weights = bootstrap_weights(len(label), n_resamples=1, rng=rng)[0, rank]
        medians.append(weighted_quantiles(waits, weights, (0.5,))[0])
        with np.errstate(divide="ignore", invalid="ignore"):
            means.append((weights * parts.contacts) @ ones / (weights @ ones))
    rows = []
    seen = weighted_quantiles(waits, np.ones(len(label)), (0.5,))[0]
    mean = parts.contacts @ ones / ones.sum(axis=0)
    for measure, told, drawn in (
        (WAIT, seen, np.array(medians)),
        (RETURN, None, None),
        (CONTACTS, mean, np.array(means)),
    ):
        for code, name in enumerate(names):
            middle = np.nan if told is None else told[code]
            low, high = (
                (np.nan, np.nan) if drawn is None else percentile_interval(drawn[:, code], confidence_level=level)
            )
            scale = middle if middle > 0 else np.nan
            rows.append((measure, name, middle if measure == WAIT else np.nan, low / scale, high / scale))
    return pd.DataFrame(rows, columns=["measure", "label", "median", "below", "above"])
