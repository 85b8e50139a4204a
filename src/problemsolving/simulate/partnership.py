"""Write a simulated partnership as the files that agencies would send: same seed, same bytes."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from problemsolving.periods import Month, Period
from problemsolving.records import to_json, write_atomically
from problemsolving.simulate.truths import AGENCIES, DISTRICTS, PATHWAYS, Truths

COLUMNS = 9  # small areas in a row of the map
WEST, SOUTH, WIDTH, HEIGHT = 1.80, 53.00, 0.016, 0.010  # a place in the sea, so that nobody lives there
VICTIM_AGES = (("0-17", 0.16), ("18-24", 0.22), ("25-34", 0.25), ("35-49", 0.22), ("50-64", 0.11), ("65+", 0.04))


@dataclass(frozen=True)
class Place:
    """A simulated small area."""

    code: str
    name: str
    ward: int
    district: tuple[str, str]
    population: int
    scores: dict[str, float]
    ring: np.ndarray
    rate: float


def simulate_partnership(folder: Path, *, seed: int = 2025, truths: Truths | None = None) -> dict[str, object]:
    """Write a simulated partnership: incidents, areas, population, deprivation, agencies, contacts, referrals.

    Parameters
    ----------
    folder : pathlib.Path
        Where the files go; made if missing. Files of the same names are replaced, each atomically.
    seed : int
        The same seed gives the same bytes.
    truths : Truths, optional
        What is planted.

    Returns
    -------
    dict
        The answer sheet, which is also written as ``answer_sheet.json``.
    """
    truths = truths or Truths()
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    places = _make_places(rng, truths)
    home = [place for place in places if place.district[0] != DISTRICTS[-1][0]]
    treated, comparison, buffer = _choose_response(home, truths)
    months = [*truths.baseline, *truths.follow_up]
    _write(
        folder,
        "areas.csv",
        ("area_code", "area_name", "ward_code", "ward_name", "district_code", "district_name"),
        ((p.code, p.name, f"E05999{p.ward:03d}", f"{p.district[1]} ward {p.ward}", *p.district) for p in places),
    )
    _write(
        folder,
        "population.csv",
        ("area_code", "code_year", "year", "population"),
        ((p.code, 2021, 2023, p.population) for p in places),
    )
    _write_deprivation(folder, places)
    features = [
        {
            "type": "Feature",
            "properties": {"area_code": p.code},
            "geometry": {"type": "Polygon", "coordinates": [p.ring.round(5).tolist()]},
        }
        for p in places
    ]
    write_atomically(
        folder / "boundaries.geojson", json.dumps({"type": "FeatureCollection", "features": features}) + "\n"
    )
    _write_incidents(folder, rng, truths, home, places, treated, months)
    _write(folder, "agencies.csv", ("agency_id", "agency_name", "agency_type"), AGENCIES)
    _write_pathways(folder, rng, truths, truths.baseline, truths.follow_up)
    _write(
        folder,
        "responses.csv",
        ("response_id", "area_code", "start", "kind"),
        (
            ("R1", place.code, truths.follow_up.start, "Joint street outreach and repair of lighting")
            for place in treated
        ),
    )
    sheet: dict[str, object] = truths.as_record() | {
        "seed": seed,
        "response_areas": [p.code for p in treated],
        "comparison_areas": [p.code for p in comparison],
        "buffer_areas": [p.code for p in buffer],
    }
    write_atomically(folder / "answer_sheet.json", to_json(sheet))
    return sheet


def _make_places(rng: np.random.Generator, truths: Truths) -> list[Place]:
    """Lay small areas on a grid, with needs that change smoothly over the map."""
    total = sum(count for _, _, count in DISTRICTS)
    place = np.arange(total)
    column, row = place % COLUMNS, place // COLUMNS
    smooth = np.cos(column / 2.6) + np.sin(row / 2.1)
    latent = {
        "income": smooth + rng.normal(0, 0.55, total),
        "housing": rng.normal(0, 1, total),
        "environment": -0.4 * np.sin(column / 1.7) + rng.normal(0, 0.8, total),
    }
    home = total - DISTRICTS[-1][2]
    scaled = {name: (value - value[:home].mean()) / value[:home].std() for name, value in latent.items()}
    noise = rng.normal(0, truths.area_dispersion, total)
    log_rate = (
        np.log(truths.rate_per_1000 / 1000)
        + noise
        + sum(np.log(truths.rate_ratios[name]) * value for name, value in scaled.items())
    )
    latent["employment"] = 0.9 * scaled["income"] + rng.normal(0, 0.3, total)
    latent["education"] = 0.85 * scaled["income"] + rng.normal(0, 0.4, total)
    latent["health"] = 0.8 * scaled["income"] + rng.normal(0, 0.5, total)
    population = rng.integers(1_150, 2_100, total)
    bend = rng.uniform(-0.22, 0.22, (total // COLUMNS + 2, COLUMNS + 1, 2))
    districts = [(code, f"{name}") for code, name, count in DISTRICTS for _ in range(count)]
    numbers = [number for _, _, count in DISTRICTS for number in range(count)]
    return [
        Place(
            code=f"E01999{index + 1:03d}",
            name=f"{districts[index][1]} {numbers[index] // 6 + 1:03d}{'ABCDEF'[numbers[index] % 6]}",
            ward=index // 6 + 1,
            district=districts[index],
            population=int(population[index]),
            scores={name: float(value[index]) for name, value in latent.items()},
            ring=_ring(int(column[index]), int(row[index]), bend),
            rate=float(np.exp(log_rate[index])),
        )
        for index in range(total)
    ]


def _ring(column: int, row: int, bend: np.ndarray) -> np.ndarray:
    """Outline of a grid cell whose shared corners are bent the same way for its neighbours."""
    corners = [(column + dx, row + dy) for dx, dy in ((0, 0), (1, 0), (1, 1), (0, 1), (0, 0))]
    return np.array([(WEST + (x + bend[y, x, 0]) * WIDTH, SOUTH + (y + bend[y, x, 1]) * HEIGHT) for x, y in corners])


def _choose_response(home: list[Place], truths: Truths) -> tuple[list[Place], list[Place], list[Place]]:
    """Choose places by need, every other one of the neediest: not by last year's count."""
    by_need = sorted(home, key=lambda place: (-place.scores["income"], place.code))
    pool = by_need[: 4 * truths.response_places]
    treated = pool[:: len(pool) // truths.response_places][: truths.response_places]
    near = [
        place
        for place in home
        if place not in treated
        and min(float(np.abs(place.ring[0] - other.ring[0]).sum()) for other in treated) < 1.6 * WIDTH
    ]
    buffer = sorted(near, key=lambda place: place.code)[: truths.response_places]
    comparison = [place for place in pool if place not in treated and place not in buffer]
    return treated, sorted(comparison, key=lambda place: place.code), buffer


def _write_deprivation(folder: Path, places: list[Place]) -> None:
    names = ("income", "employment", "education", "health", "housing", "environment")
    header = ["area_code", "code_year"] + [f"{name}_{part}" for name in names for part in ("score", "rank", "decile")]
    rows: list[list[object]] = [[place.code, 2021] for place in places]
    for name in names:
        scores = np.array([place.scores[name] for place in places])
        rank = np.argsort(np.argsort(-scores, kind="stable"), kind="stable")
        for row, score, position in zip(rows, scores, rank, strict=True):
            row += [f"{score:.4f}", position + 1, position * 10 // len(places) + 1]
    _write(folder, "deprivation.csv", header, rows)


def _write_incidents(
    folder: Path,
    rng: np.random.Generator,
    truths: Truths,
    home: list[Place],
    places: list[Place],
    treated: list[Place],
    months: list[Month],
) -> None:
    header = (
        "incident_id",
        "month",
        "occurred_at",
        "category",
        "area_code",
        "longitude",
        "latitude",
        "location",
        "force",
        "outcome",
        "victim_id",
        "victim_age_band",
        "victim_sex",
    )
    away = [place for place in places if place not in home]
    in_response = {place.code for place in treated}
    drift = dict(zip((place.code for place in home), np.exp(rng.normal(0, truths.area_drift, len(home))), strict=True))
    rows: list[tuple[object, ...]] = []
    for category, share in {"violent-crime": 1.0, **truths.other_categories}.items():
        for month in months:
            swing = 1 + truths.season * np.sin(2 * np.pi * (month.number - 4) / 12)
            swing *= truths.special_ratio if month == truths.special_month and category == "violent-crime" else 1
            for place in home:
                effect = (
                    truths.response_ratio
                    if place.code in in_response and month in truths.follow_up and category == "violent-crime"
                    else 1
                )
                effect *= drift[place.code] if month in truths.follow_up else 1
                count = rng.poisson(place.rate * share * place.population * month.days / 365.25 * swing * effect)
                rows += [_incident(rng, truths, month, category, place, away) for _ in range(count)]
    rows.sort(key=lambda row: (str(row[1]), str(row[2]), str(row[4])))
    _write(folder, "incidents.csv", header, ((f"SIM{number:06d}", *row[1:]) for number, row in enumerate(rows, 1)))


def _incident(
    rng: np.random.Generator, truths: Truths, month: Month, category: str, place: Place, away: list[Place]
) -> tuple[object, ...]:
    when = dt.datetime(month.year, month.number, 1) + dt.timedelta(days=int(rng.integers(month.days)))
    night = rng.random() < (0.55 if category == "violent-crime" else 0.3)
    when += dt.timedelta(
        minutes=int(rng.integers(20 * 60, 27 * 60) if night else rng.integers(7 * 60, 20 * 60)) % (24 * 60)
    )
    draw = rng.random()
    if draw < truths.share_elsewhere:
        place = away[int(rng.integers(len(away)))]
    spot = place.ring[0] + (place.ring[2] - place.ring[0]) * np.floor(rng.random(2) * 4 + 0.5) / 5
    unplaced = draw > 1 - truths.share_unplaced
    victim = ("", "", "")
    if category != "anti-social-behaviour":
        age = str(rng.choice([name for name, _ in VICTIM_AGES], p=[weight for _, weight in VICTIM_AGES]))
        victim = (
            f"V{int(rng.integers(150 if rng.random() < 0.08 else 9_000)):04d}",
            age,
            "female" if rng.random() < 0.48 else "male",
        )
    location = (
        ("", "", "", "")
        if unplaced
        else (place.code, f"{spot[0]:.5f}", f"{spot[1]:.5f}", f"Spot {int(spot[0] * 1e4) % 97}, {place.name}")
    )
    return (
        "",
        month,
        f"{when:%Y-%m-%d %H:%M}",
        category,
        *location,
        "Simulated Constabulary",
        "Investigation complete",
        *victim,
    )


def _write_pathways(
    folder: Path, rng: np.random.Generator, truths: Truths, baseline: Period, follow_up: Period
) -> None:
    """Write referrals with their waits, and the contacts that people have on the way."""
    first, last = baseline.start.first_day, follow_up.end.next.first_day
    span = (last - first).days
    start = dt.datetime.combine(first, dt.time())
    end = dt.datetime.combine(last, dt.time())
    shares = np.array([share for _, _, share in PATHWAYS])
    kinds = ("call", "visit", "assessment", "appointment")
    referrals: list[tuple[object, ...]] = []
    contacts: list[tuple[object, ...]] = []

    def contact(person: str, agency: str, when: dt.datetime) -> None:
        if when < end:
            until = when + dt.timedelta(minutes=int(rng.integers(10, 180)))
            contacts.append(
                (
                    f"C{len(contacts) + 1:06d}",
                    person,
                    agency,
                    f"{when:%Y-%m-%d %H:%M}",
                    f"{until:%Y-%m-%d %H:%M}",
                    str(rng.choice(kinds)),
                )
            )

    for number in range(truths.people):
        person = f"P{number + 1:05d}"
        when = start + dt.timedelta(minutes=int(rng.integers(span * 24 * 60)))
        for _ in range(1 + int(rng.geometric(0.55))):
            sender, receiver, _share = PATHWAYS[int(rng.choice(len(PATHWAYS), p=shares / shares.sum()))]
            contact(person, sender, when)
            wait = truths.median_wait_days[receiver] * float(np.exp(rng.normal(0, 0.6)))
            seen = when + dt.timedelta(minutes=int(wait * 24 * 60))
            attended = rng.random() > 0.08
            if when < end:
                referrals.append(
                    (
                        f"F{len(referrals) + 1:06d}",
                        person,
                        sender,
                        receiver,
                        f"{when:%Y-%m-%d %H:%M}",
                        f"{seen:%Y-%m-%d %H:%M}" if attended and seen < end else "",
                    )
                )
            if attended:
                contact(person, receiver, seen)
            when = seen + dt.timedelta(minutes=int(rng.exponential(60) * 24 * 60))
    _write(folder, "contacts.csv", ("contact_id", "person_id", "agency_id", "started_at", "ended_at", "kind"), contacts)
    _write(
        folder,
        "referrals.csv",
        ("referral_id", "person_id", "from_agency", "to_agency", "referred_at", "seen_at"),
        referrals,
    )


def _write(folder: Path, name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    write_atomically(folder / name, stream.getvalue())
