"""Write a simulated partnership as the files that agencies would send: same seed, same bytes, on any number of threads."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from problemsolving.errors import ParameterError
from problemsolving.records import to_json, write_atomically
from problemsolving.simulate.incidents import incident_rows, outcome_rows
from problemsolving.simulate.lists import list_rows, overlap_truths
from problemsolving.simulate.pathways import (
    contact_rows,
    desk_truths,
    draw_journeys,
    expected_visits,
    referral_rows,
)
from problemsolving.simulate.people import Block, person_rows
from problemsolving.simulate.places import Places, Response, choose_highest, income_gradient
from problemsolving.simulate.plan import Partnership, make_partnership
from problemsolving.simulate.rates import VIOLENCE, displacement_ratio
from problemsolving.simulate.residents import victim_ratios, write_residents
from problemsolving.simulate.survey import (
    all_agencies,
    block_of,
    wellbeing_rows,
    write_assets,
    write_ratings,
    write_ties,
    write_voices,
)
from problemsolving.simulate.truths import ENTRIES, TRANSITIONS, Truths
from problemsolving.simulate.weighed import write_codings, write_weights
from problemsolving.simulate.worlds import Size
from problemsolving.simulate.write import Rows, Writer, write_table

FILES = ("incidents", "outcomes", "people", "contacts", "referrals", "lists", "outcome_measures")  # made by blocks


def simulate_partnership(
    folder: Path,
    *,
    seed: int = 2025,
    size: str = "demo",
    world: str = "standard",
    threads: int = 1,
    truths: Truths | None = None,
) -> dict[str, Any]:
    """Write a simulated partnership: a file for every canonical table it fills, and ``truth.json``.

    Parameters
    ----------
    folder : pathlib.Path
        Where the files go; made if missing. Files of the same names are replaced, each atomically.
    seed : int
        The same seed gives the same bytes.
    size : {"demo", "county", "region"}
        About 17,000, a million or ten million incidents; the region's large tables are folders of Parquet files.
    world : str
        What is planted; see ``worlds.plant``.
    threads : int
        Blocks of small areas made at once, 1 or more. The bytes are the same for any number.
    truths : Truths, optional
        What is planted, in place of the world's.

    Returns
    -------
    dict
        What was planted, each with its unit under ``units``; it is also written as ``truth.json``.

    Raises
    ------
    ParameterError
        For an unknown size or world, or fewer than one thread.
    """
    if threads < 1:
        raise ParameterError("this partnership cannot be simulated", faults=["threads: at least 1"])
    plan = make_partnership(seed=seed, size=size, world=world, truths=truths)
    truths, places, layout, blocks = plan.truths, plan.places, plan.layout, plan.blocks
    folder.mkdir(parents=True, exist_ok=True)
    with _whole(folder) as made:
        writer = Writer(made, layout.container, places.code, places.name)

        def work(block: Block) -> tuple[np.ndarray, dict[str, int], int]:
            return _make_block(block, writer, plan)

        with ThreadPoolExecutor(threads) as pool:
            done = list(pool.map(work, blocks))
        for name in FILES:
            writer.join(name, len(blocks))
        counts = np.zeros((len(places), len(truths.months)), dtype=np.int64)
        for block, (violent, _, _) in zip(blocks, done, strict=True):
            counts[block.areas] = violent
        response = plan.response or choose_highest(places, truths, counts[:, : len(truths.baseline)].sum(axis=1))
        silent = _write_small(made, places, truths, response, layout, seed)
        sheet = truths.as_record() | {"seed": seed, "size": size, "world": world}
        sheet |= _areas(places, response)
        computed = _computed(places, truths, response, plan.expected[VIOLENCE], counts, blocks)
        computed["hidden_population"] = (sum(hidden for _, _, hidden in done), "people who are vulnerable")
        computed["rows"] = ({name: sum(rows[name] for _, rows, _ in done) for name in FILES}, "rows written")
        computed["agencies_silent"] = (silent, "agencies that did not answer the survey")
        sheet |= {name: value for name, (value, _) in computed.items()}
        sheet["units"] |= {name: unit for name, (_, unit) in computed.items()}
        write_atomically(made / "truth.json", to_json(sheet))
    return sheet


@contextmanager
def _whole(folder: Path) -> Iterator[Path]:
    """Make files beside their place and move each there when all are whole."""
    made = Path(tempfile.mkdtemp(dir=folder, prefix=".simulate-"))
    try:
        yield made
        for path in sorted(made.iterdir()):
            target = folder / path.name
            if target.is_dir():
                shutil.rmtree(target)
            path.replace(target)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _make_block(block: Block, writer: Writer, plan: Partnership) -> tuple[np.ndarray, dict[str, int], int]:
    """Make and write one block: its violent incidents by area and month, rows by file, and hidden population."""
    truths, seed, people = plan.truths, plan.seed, plan.people(block)
    arrays, violent = plan.incidents(block, people)
    journeys = draw_journeys(block, people, truths, seed)
    incidents = incident_rows(arrays, block, truths)
    files: dict[str, Rows] = {
        "incidents": incidents,
        "outcomes": outcome_rows(incidents),
        "people": person_rows(block, people),
        "contacts": contact_rows(block, journeys, truths, seed),
        "referrals": referral_rows(block, journeys, truths),
        "lists": list_rows(block, people, truths, seed),
        "outcome_measures": wellbeing_rows(block, people, journeys, truths, seed),
    }
    connection = writer.connect()
    try:
        for name, rows in files.items():
            writer.part(connection, name, block.number, rows)
    finally:
        connection.close()
    return violent, {name: len(rows) for name, rows in files.items()}, int(people.vulnerable.sum())


def _write_small(
    folder: Path, places: Places, truths: Truths, response: Response, layout: Size, seed: int
) -> list[str]:
    """Write the tables of areas, agencies and surveys; give the agencies that did not answer."""
    first_ward = (layout.first_area - 1) // 1000 * 1000
    districts = [layout.districts[at] for at in places.district]
    write_table(
        folder,
        "areas.csv",
        {
            "area_code": places.code,
            "area_name": places.name,
            "ward_code": [f"E05{first_ward + ward:06d}" for ward in places.ward],
            "ward_name": [f"{name} ward {ward}" for (_, name, _), ward in zip(districts, places.ward, strict=True)],
            "district_code": [code for code, _, _ in districts],
            "district_name": [name for _, name, _ in districts],
        },
    )
    size = len(places)
    population: dict[str, list[Any]] = {"area_code": places.code, "code_year": [2021] * size, "year": [2023] * size}
    write_table(folder, "population.csv", population | {"population": places.population.tolist()})
    write_table(folder, "deprivation.csv", _deprivation(places))
    features = [
        {
            "type": "Feature",
            "properties": {"area_code": code},
            "geometry": {"type": "Polygon", "coordinates": [ring.round(5).tolist()]},
        }
        for code, ring in zip(places.code, places.rings, strict=True)
    ]
    outlines = json.dumps({"type": "FeatureCollection", "features": features}) + "\n"
    write_atomically(folder / "boundaries.geojson", outlines)
    agencies = all_agencies(layout.other_agencies)
    names = ("agency_id", "agency_name", "agency_type")
    write_table(folder, "agencies.csv", dict(zip(names, zip(*agencies, strict=True), strict=True)))
    treated = [places.code[at] for at in response.treated]
    what = {"response_id": ["R1"] * len(treated), "area_code": treated}
    what["start"] = [str(truths.follow_up.start)] * len(treated)
    what["kind"] = ["Joint street outreach and repair of lighting"] * len(treated)
    write_table(folder, "responses.csv", what)
    write_residents(folder, places, truths)
    write_weights(folder)
    write_codings(folder, truths, seed)
    write_assets(folder, places, truths, seed)
    write_voices(folder, places, truths, seed)
    write_ratings(folder, agencies, truths, seed)
    return write_ties(folder, agencies, truths, seed)


def _deprivation(places: Places) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {"area_code": places.code, "code_year": [2021] * len(places)}
    for name in ("income", "employment", "education", "health", "housing", "environment"):
        scores = places.scores[name]
        rank = np.argsort(np.argsort(-scores, kind="stable"), kind="stable")
        columns[f"{name}_score"] = [f"{score:.4f}" for score in scores]
        columns[f"{name}_rank"] = (rank + 1).tolist()
        columns[f"{name}_decile"] = (rank * 10 // len(places) + 1).tolist()
    return columns


def _areas(places: Places, response: Response) -> dict[str, list[str]]:
    groups = {"response": response.treated, "comparison": response.comparison, "buffer": response.buffer}
    return {f"{name}_areas": [places.code[at] for at in group] for name, group in groups.items()}


def _computed(
    places: Places, truths: Truths, response: Response, expected: np.ndarray, counts: np.ndarray, blocks: list[Block]
) -> dict[str, tuple[Any, str]]:
    """Work out what follows from what is planted: each value with its unit."""
    base = slice(0, len(truths.baseline))
    treated = response.treated
    chance = counts[treated, base].sum()
    visits = expected_visits(truths)
    return {
        "gradient": (income_gradient(places), "violent incidents per 1,000 residents a year, by fifth of income"),
        "victim_ratios": (victim_ratios(truths), "rate ratio of being a victim of known age, band to all ages"),
        "displacement_ratio": (displacement_ratio(places, truths, response), "rate ratio in the buffer areas"),
        "entries": (ENTRIES, "share of journeys that start at the agency"),
        "transitions": (TRANSITIONS, "probability of each hand-over once seen; the rest leaves"),
        "visits_a_journey": (
            {name: float(value) for name, value in zip(truths.known_share, visits, strict=True)},
            "visits a journey",
        ),
        "desks": (desk_truths(truths, len(blocks)), "a team: arrivals a day, Erlang, share, hours"),
        "teams": (len(blocks), "teams; each block of small areas has one a desk"),
        "overlaps": (overlap_truths(truths), "people shared by two agencies, ratio to independence"),
        "tie_blocks": (
            {name: int(at) for (name, _, _), at in zip(all_agencies(0), block_of(all_agencies(0)), strict=True)},
            "block of the agency",
        ),
        "baseline_count": (int(chance), "violent incidents in response areas in the baseline, as drawn"),
        "baseline_expected": (float(expected[treated, base].sum()), "violent incidents expected there"),
        "fall_by_chance": (
            float(expected[treated, base].sum() / chance),
            "ratio of incidents expected to those counted in the response areas in the baseline: what comes next by itself",
        ),
    }
