"""`Study`: a problem with its checked tables, and the policy under which they may leave."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from problemsolving.dictionary.faults import EMPTY
from problemsolving.dictionary.previous import summarise
from problemsolving.dictionary.reading import query_all
from problemsolving.dictionary.schema import table as get_table
from problemsolving.governance.permissions import lowest_area_in_force, permission_proof
from problemsolving.governance.policies import Policy
from problemsolving.governance.sharing import SharingRecord
from problemsolving.problem import Problem
from problemsolving.study.incidents import Incidents
from problemsolving.study.places import carry_residents, outlines_of

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from problemsolving.dictionary.reading import Reading

COVERED = 0.8  # share of a district's small areas with any incident, below which its rate would mislead


@dataclass(frozen=True, eq=False)
class Study:
    """A problem with its data: checked tables, where they came from, and the policy under which they may leave."""

    problem: Problem
    policy: Policy
    records: dict[str, SharingRecord]
    readings: dict[str, Reading]
    policy_reason: str = ""

    def table(self, name: str) -> pd.DataFrame | None:
        """Give a canonical table, every data set of it together, or None where the profile has none."""
        import pandas as pd

        frames = [reading.frame for reading in self.readings.values() if reading.source.table == name]
        return pd.concat(frames, ignore_index=True) if frames else None

    def ask(self, table: str, sql: str, parameters: Sequence[object] = ()) -> pd.DataFrame | None:
        """Ask every data set of a table together in SQL, under the name ``canonical``; None where there is none."""
        found = [reading for reading in self.readings.values() if reading.source.table == table]
        return query_all(found, sql, parameters) if found else None

    def can_tell(self, table: str, capability: str, *levels: str | bool) -> bool:
        """Tell whether every source of a table has a capability at one of the levels."""
        found = [
            getattr(reading.source.capabilities, capability)
            for reading in self.readings.values()
            if reading.source.table == table
        ]
        return bool(found) and all(level in levels for level in found)

    def rng(self, name: str) -> np.random.Generator:
        """Give the randomness of one question: the same in every run, so that the same data give the same page."""
        import numpy as np

        return np.random.default_rng([2025, zlib.crc32(name.encode())])

    @cached_property
    def places(self) -> pd.DataFrame:
        """Every small area of the dictionary's lookup with population and deprivation, index = code."""
        areas = self.table("area")
        assert areas is not None
        return areas.set_index("area_code").join(self._population()).join(self._deprivation())

    def _population(self) -> pd.DataFrame:
        population = self.table("population")
        assert population is not None
        return carry_residents(population, self.table("area_change"), ["population"])

    def _deprivation(self) -> pd.DataFrame:
        deprivation = self.table("deprivation")
        assert deprivation is not None
        return deprivation[deprivation["code_year"] == 2021].set_index("area_code").drop(columns="code_year")

    @cached_property
    def areas(self) -> pd.DataFrame:
        """Small areas of the profile's districts: names, district, population, deprivation."""
        found = self.places[self.places["district_code"].isin(self.problem.district_codes)]
        return found.sort_index()

    @cached_property
    def residents(self) -> pd.DataFrame:
        """Residents of the profile's small areas by age, sex and ethnic group, as far as the profile has them.

        Columns are those of table ``population_group``; a column that no data set fills is missing throughout.
        """
        import pandas as pd

        named = [found.name for found in get_table("population_group").fields if found.unit == "residents"]
        found = pd.DataFrame(index=self.areas.index, columns=named, dtype=float)
        for reading in self.readings.values():
            if reading.source.table == "population_group":
                held = [name for name in named if name in reading.columns]
                found = found.combine_first(carry_residents(reading.frame, self.table("area_change"), held))
        return found.reindex(index=self.areas.index, columns=named)

    @cached_property
    def incidents(self) -> Incidents:
        """Incidents of the problem in both periods."""
        return Incidents(
            readings=[reading for reading in self.readings.values() if reading.source.table == "incident"],
            categories=self.problem.categories,
            months=tuple(map(str, self.problem.months)),
            areas=self.areas.index,
            changes=self.table("area_change"),
        )

    @cached_property
    def vintage_caveat(self) -> str:
        """Say how many incidents carried area codes retired in 2021, as the policy lets it be said, or nothing."""
        return self.incidents.vintage_caveat(self.policy)

    @cached_property
    def repeated_identifiers(self) -> str:
        """Say how many incidents carry an identifier that another incident of the same month has too, or nothing."""
        return self.incidents.repeated_identifiers(self.policy)

    @cached_property
    def deliveries(self) -> dict[str, dict[str, Any]]:
        """What the next delivery of each data set is compared with: counts and shares, no value."""
        return {delivery_key(self.problem, name): summarise(reading) for name, reading in self.readings.items()}

    def count(self, months: Any = None) -> pd.DataFrame:
        """Give the profile's small areas with ``count``, the incidents in the months named (all when not given)."""
        found = self.incidents.cells
        if months is not None:
            found = found[found["month"].isin([str(month) for month in months])]
        counted = found.groupby("area_code")["count"].sum()
        return self.areas.assign(count=counted.reindex(self.areas.index, fill_value=0.0)).reset_index()

    @cached_property
    def monthly(self) -> pd.DataFrame:
        """Incidents by month (index) and small area of the profile (columns)."""
        cells = self.incidents.cells
        inside = cells[cells["place"] == "in area"]
        months = [str(month) for month in self.problem.months]
        wide = inside.pivot(index="month", columns="area_code", values="count")
        return wide.reindex(index=months, columns=self.areas.index).fillna(0.0)

    @property
    def days(self) -> dict[str, int]:
        """Month of the periods → days that the incident files cover."""
        return {str(month): self.incidents.days.get(str(month), month.days) for month in self.problem.months}

    @cached_property
    def outlines(self) -> dict[str, list]:
        """Outer rings of the profile's small areas, code → arrays of longitude and latitude."""
        return outlines_of(self.table("boundary"), self.areas.index)

    def covers(self, district: str) -> bool:
        """Tell whether the incident files cover a district, rather than hold a few strays of it."""
        codes = self.places.index[self.places["district_code"] == district]
        return bool(len(codes)) and len(set(codes) & self.incidents.covered) / len(codes) >= COVERED

    def provenance(self) -> list[dict[str, Any]]:
        """Give where each data set came from: files with hash and rows, months found and missing, licence."""
        wanted = [str(month) for month in self.problem.months]
        return [
            {
                "dataset": name,
                "source": reading.source.name,
                "title": reading.source.title,
                "publisher": reading.source.publisher,
                "licence": self.records[name].licence,
                "attribution": self.records[name].attribution,
                "rows": reading.rows,
                "files": list(reading.files),
                "level": self.records[name].level,
                "permission": permission_proof(self.records[name]),
                "months_found": reading.months,
                "months_missing": [month for month in wanted if month not in reading.months] if reading.months else [],
                "known_limits": list(reading.source.known_limits),
                "notes": [
                    {"column": note.column, "rule": note.rule, "count": note.count}
                    for note in reading.notes
                    if note.rule != EMPTY
                ],
            }
            for name, reading in self.readings.items()
        ]

    def terms_of_release(self) -> dict[str, str]:
        """Say under which policy results leave and by which smallest area, and which record decided."""
        lowest, why = lowest_area_in_force(self.records)
        return {
            "policy": self.policy.name,
            "policy_in_words": self.policy.in_words,
            "policy_reason": self.policy_reason,
            "lowest_area": lowest,
            "lowest_area_reason": why,
        }

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:  # noqa: ARG002
        from problemsolving.markup import table_html
        from problemsolving.results import STUDY_MIME, Column, Table

        rows = tuple((p["dataset"], p["title"], len(p["files"]), p["rows"]) for p in self.provenance())
        table = Table((Column("Data set"), Column("Source"), Column("Files", "count"), Column("Rows", "count")), rows)
        text = "\n".join(f"{name}: {title}, {files} files, {count:,} rows" for name, title, files, count in rows)
        return {
            STUDY_MIME: {
                "provenance": self.provenance(),
                "release": self.terms_of_release(),
                "deliveries": self.deliveries,
            },
            "text/html": table_html(table, name="sources"),
            "text/plain": text,
        }


def delivery_key(problem: Problem, dataset: str) -> str:
    """Name a data set in the history of deliveries: another data folder is another series."""
    return f"{dataset} in {zlib.crc32(str(problem.data.resolve()).encode()):08x}"
