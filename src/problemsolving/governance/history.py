"""What a reader can work out from several releases of the same series: nested periods, revisions, other policies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from problemsolving.governance.attacker import NOISE, Knowledge, agrees, bound, narrowed
from problemsolving.governance.policies import Policy
from problemsolving.periods import Month

SUMMED = 6  # newest earlier releases whose totals are joined with the last one's; each series alone is checked with all

Key = tuple[str, ...]
Span = tuple[int, int]  # months since year 0, the first and the one after the last


@dataclass(frozen=True, eq=False)
class Cell:
    """A released count: of which series, over which months, in which release, between which values by its form."""

    key: Key
    span: Span
    page: int
    finding: str
    withheld: bool
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Page:
    """The cells of one release, and the sums among them: places of the parts, lowest and highest total."""

    policy: Policy
    cells: list[Cell]
    sums: list[tuple[list[int], float, float]]


def read_page(findings: Iterable[dict[str, Any]], policy: Policy, number: int, *, linked: bool = True) -> Page:
    """Read the released cells of findings as a reader sees them.

    Parameters
    ----------
    findings : iterable of dict
        Each with ``stage``, ``name``, ``of``, ``cells`` (labels, period, count) and ``sums`` (parts, total).
    policy : Policy
        Under which they were released.
    number : int
        Of the release.
    linked : bool
        Take cells of different findings that count the same thing with the same labels as the same series.
    """
    cells: list[Cell] = []
    sums: list[tuple[list[int], float, float]] = []
    for finding in findings:
        title = f"{finding['stage']} {finding['name']}"
        series = str(finding["of"]) if linked and finding.get("of") else title
        counts = np.array([np.nan if cell[2] is None else cell[2] for cell in finding["cells"]], float)
        low, high = policy.limits(counts)
        start = len(cells)
        for place, (labels, period, count) in enumerate(finding["cells"]):
            key, span = _series(series, labels, period)
            cells.append(Cell(key, span, number, title, count is None, float(low[place]), float(high[place])))
        for parts, total in finding["sums"]:
            least, most = policy.limits([total])
            sums.append(([start + part for part in parts], float(least[0]), float(most[0])))
    return Page(policy, cells, sums)


def _series(series: str, labels: dict[str, str], period: list[str] | str) -> tuple[Key, Span]:
    words = [f"{name}={value}" for name, value in sorted(labels.items())]
    if isinstance(period, str):
        return (series, *words, period), (0, 1)
    first, last = (Month.parse(month) for month in period)
    return (series, *words), (first.year * 12 + first.number, last.year * 12 + last.number + 1)


def find_isolated(pages: Sequence[Page]) -> list[str]:
    """Name the findings of the last page that single out a small group by difference with another shown count.

    The difference of two shown counts of a series, one period within the other (or the same, revised), must not lie
    within 1 to the threshold more closely than the policy's own interval.
    """
    now = pages[-1]
    top = now.policy.suppress_to
    earlier: dict[Key, list[Cell]] = {}
    for page in pages:
        for cell in page.cells:
            if not cell.withheld:
                earlier.setdefault(cell.key, []).append(cell)
    found = []
    for cell in now.cells:
        if cell.withheld:
            continue
        for other in earlier[cell.key]:
            limit = max(top or 0, pages[other.page].policy.suppress_to or 0)
            outer, inner = (cell, other) if _within(other.span, cell.span) else (other, cell)
            if not limit or other is cell or not _within(inner.span, outer.span):
                continue
            pairs = [(outer, inner), (inner, outer)] if inner.span == outer.span else [(outer, inner)]
            for large, small in pairs:
                least, most = large.low - small.high, large.high - small.low
                width = limit - max(now.policy.floor, pages[other.page].policy.floor)
                if least >= 1 - NOISE and most <= limit + NOISE and most - least < width - NOISE:
                    found.append(cell.finding)
    return list(dict.fromkeys(found))


def find_singled(pages: Sequence[Page]) -> list[str]:
    """Name the findings of the last page that, with three or more shown periods of a series, single out some months.

    As `find_isolated`, but for what several differences tell together: the months between two ends of released periods,
    at the ends of those that the last page adds.
    """
    limit = max((page.policy.suppress_to or 0 for page in pages), default=0)
    floor = max(page.policy.floor for page in pages)
    series: dict[Key, list[list[Cell]]] = {}
    for number, page in enumerate(pages):
        for cell in page.cells:
            if not cell.withheld:
                series.setdefault(cell.key, [[] for _ in pages])[number].append(cell)
    found = []
    for mine in series.values():
        if not limit or not mine[-1] or len({cell.span for cells in mine for cell in cells}) < 3:
            continue
        own = [Page(page.policy, cells, []) for page, cells in zip(pages, mine, strict=True)]
        known, slices = _lay_out(own, summed=False)
        whole = {int(places[0]) for places in slices.values() if len(places) == 1}
        ends = {
            (place, cell.finding)
            for cell in mine[-1]
            for edge in (slices[cell.key, cell.span][0], slices[cell.key, cell.span][-1])
            for place in (int(edge) - 1, int(edge), int(edge) + 1)
            if 0 <= place < len(known.low) and place not in whole
        }
        targets = sorted(ends)
        limits = bound(known, [[place] for place, _ in targets])
        for (_, finding), (least, most) in zip(targets, limits, strict=True):
            if least >= 1 - NOISE and most <= limit + NOISE and most - least < limit - floor - NOISE:
                found.append(finding)
    return list(dict.fromkeys(found))


def _within(inner: Span, outer: Span) -> bool:
    return outer[0] <= inner[0] and inner[1] <= outer[1]


def find_narrowed(pages: Sequence[Page]) -> list[str]:
    """Name the findings with a withheld count that the pages together place more closely than its policy allows.

    Counts that a finding by itself already places so are left to `problemsolving.governance.release.release`, which
    knows which are small: what is looked for is what findings and pages add to each other.
    """
    found: list[str] = []
    for parts in _split(pages):
        if not parts[-1].cells or not any(cell.withheld for part in parts for cell in part.cells):
            continue
        found += _narrowed_in(parts)
    return list(dict.fromkeys(found))


def contradicts_itself(page: Page) -> bool:
    """Tell whether a page's counts cannot all be true together: then they are not of the same series after all."""
    return not agrees(_lay_out([page], summed=True)[0])


def _narrowed_in(parts: list[Page]) -> list[str]:
    """As `find_narrowed`, for series that hang together: each by itself first, which is quick, then with the sums."""
    now, earlier = parts[-1], [part for part in parts[:-1] if part.cells]
    alone, contradicted = _by_finding(now)
    if not earlier and len({cell.finding for cell in now.cells}) == 1:
        return []
    for summed in (False, True):
        kept = earlier[-SUMMED:] if summed else earlier
        bad, impossible = _attack([*kept, now], summed=summed)
        if impossible:  # revised since: take what agrees, the newest first
            kept = _agreeing(kept, now, summed=summed)
            bad, _ = _attack([*kept, now], summed=summed)
        withheld_now = {(cell.key, cell.span) for cell in now.cells if cell.withheld}
        before = set(_attack(kept, summed=summed)[0]) if set(bad) - withheld_now else set()
        found = [
            finding
            for cell, finding in bad.items()
            if cell not in (alone if cell in withheld_now else before) and cell not in contradicted
        ]
        if found or not any(part.sums for part in parts):
            return found
    return []


def _by_finding(page: Page) -> tuple[set[tuple[Key, Span]], set[tuple[Key, Span]]]:
    """Attack each finding of a page alone: counts placed too closely (second ones, no small ones), and contradictions."""
    bad: set[tuple[Key, Span]] = set()
    impossible: set[tuple[Key, Span]] = set()
    for title in {cell.finding for cell in page.cells}:
        found, contradicted = _attack([_choose(page, lambda cell, title=title: cell.finding == title)])  # type: ignore[misc]
        bad |= set(found)
        impossible |= contradicted
    return bad, impossible


def _agreeing(earlier: list[Page], now: Page, *, summed: bool) -> list[Page]:
    """Keep the earlier pages that do not contradict the last one or each other."""
    kept: list[Page] = []
    for page in reversed(earlier):
        if not _attack([page, *kept, now], summed=summed)[1]:
            kept.insert(0, page)
    return kept


def _split(pages: Sequence[Page]) -> list[list[Page]]:
    """Split pages into series that no sum joins: for each such set of series, its part of every page."""
    leader: dict[Key, Key] = {cell.key: cell.key for page in pages for cell in page.cells}

    def first(key: Key) -> Key:
        while leader[key] != key:
            leader[key] = leader[leader[key]]
            key = leader[key]
        return key

    for page in pages:
        for parts, _, _ in page.sums:
            for place in parts[1:]:
                leader[first(page.cells[place].key)] = first(page.cells[parts[0]].key)
    sets: dict[Key, list[Page]] = {}
    for number, page in enumerate(pages):
        places: list[int] = []
        for cell in page.cells:
            mine = sets.setdefault(first(cell.key), [Page(other.policy, [], []) for other in pages])[number]
            places.append(len(mine.cells))
            mine.cells.append(cell)
        for parts, low, high in page.sums:
            mine = sets[first(page.cells[parts[0]].key)][number]
            mine.sums.append(([places[part] for part in parts], low, high))
    return list(sets.values())


def _choose(page: Page, wanted: Callable[[Cell], bool]) -> Page:
    """Give some cells of a page with the sums whose parts are all among them."""
    places = {old: new for new, old in enumerate(i for i, cell in enumerate(page.cells) if wanted(cell))}
    sums = [
        ([places[part] for part in parts], low, high)
        for parts, low, high in page.sums
        if all(part in places for part in parts)
    ]
    return Page(page.policy, [page.cells[old] for old in places], sums)


def _attack(pages: Sequence[Page], *, summed: bool = True) -> tuple[dict[tuple[Key, Span], str], set[tuple[Key, Span]]]:
    """Bound every withheld count from all these pages: those placed too closely, with their finding, and contradictions."""
    known, slices = _lay_out(pages, summed=summed)
    wanted: dict[tuple[Key, Span], Cell] = {}
    for page in pages:
        for cell in page.cells:
            if cell.withheld and page.policy.suppress_to is not None:
                wanted[cell.key, cell.span] = cell
    policy_of = {cell.page: page.policy for page in pages for cell in page.cells[:1]}
    names = list(wanted)
    policies = [policy_of[wanted[name].page] for name in names]
    bad, impossible = narrowed(
        known,
        [slices[name] for name in names],
        low=[policy.floor for policy in policies],
        high=[policy.suppress_to or 0 for policy in policies],
    )
    return {names[at]: wanted[names[at]].finding for at in bad}, {names[at] for at in impossible}


def _lay_out(pages: Sequence[Page], *, summed: bool) -> tuple[Knowledge, dict[tuple[Key, Span], np.ndarray]]:
    """Cut each series at every month where a released period starts or ends; give what is known of the pieces."""
    spans: dict[Key, set[Span]] = {}
    for page in pages:
        for cell in page.cells:
            spans.setdefault(cell.key, set()).add(cell.span)
    slices: dict[tuple[Key, Span], np.ndarray] = {}
    size = 0
    for key, mine in spans.items():
        cuts = np.array(sorted({end for span in mine for end in span}))
        for span in mine:
            slices[key, span] = size + np.arange(*np.searchsorted(cuts, span))
        size += len(cuts) - 1
    known = Knowledge(np.zeros(size), np.full(size, np.inf))
    seen = set()
    for page in pages:
        for cell in page.cells:
            if (cell.key, cell.span, cell.low, cell.high) in seen:
                continue
            seen.add((cell.key, cell.span, cell.low, cell.high))
            places = slices[cell.key, cell.span]
            if len(places) == 1:
                known.low[places] = np.maximum(known.low[places], cell.low)
                known.high[places] = np.minimum(known.high[places], cell.high)
            else:
                known.add(places, cell.low, cell.high)
        for parts, low, high in page.sums if summed else ():
            members = [slices[page.cells[part].key, page.cells[part].span] for part in parts]
            known.add(np.concatenate(members), low, high)
    return known, slices
