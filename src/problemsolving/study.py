"""`open_study`: problem and sharing records become checked tables with provenance. Data come in here alone."""

from __future__ import annotations

import datetime as dt
import zlib
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from problemsolving.dictionary.faults import EMPTY, FaultReport
from problemsolving.dictionary.previous import compare_with_last, summarise
from problemsolving.dictionary.schema import names as dictionary_names
from problemsolving.dictionary.schema import source as get_source
from problemsolving.dictionary.vintage import BestFit, best_fit_2021
from problemsolving.errors import DataError, ParameterError
from problemsolving.governance.lockdown import refuse_connections
from problemsolving.governance.permissions import lowest_area_in_force, permission_proof, policy_in_force
from problemsolving.governance.policies import Policy
from problemsolving.governance.sharing import SharingRecord
from problemsolving.loading import check_sharing, check_what_was_read, read_all
from problemsolving.problem import Problem, read_problem

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from problemsolving.dictionary.reading import Reading

NEEDED = ("incident", "area", "population", "deprivation")
HISTORY = ".history"  # what earlier deliveries looked like, in counts and shares
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
        """Carry residents to the area codes of 2021: split equally among children, merged summed."""
        population = self.table("population")
        assert population is not None
        old, new = (population[population["code_year"] == year] for year in (2011, 2021))
        if old.empty:
            return new.set_index("area_code")[["population"]]
        changes = self.table("area_change")
        if changes is None:
            raise DataError("population is on areas of 2011; name a source of table area_change in problem.yml")
        lost = len(set(old["area_code"]) - set(changes["old_code"]))
        if lost:
            raise DataError(
                "population cannot be carried", faults=[f"{lost} areas of 2011 are not in the table area_change"]
            )
        children = changes.merge(old, left_on="old_code", right_on="area_code")
        children["population"] /= children.groupby("old_code")["new_code"].transform("size")
        return children.groupby("new_code")[["population"]].sum().rename_axis("area_code")

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
    def incidents(self) -> pd.DataFrame:
        """Incidents of the problem in both periods, with ``place``: in area, unplaced or elsewhere."""
        import numpy as np

        table = self.table("incident")
        assert table is not None
        months = [str(month) for month in self.problem.months]
        found = table[table["category"].isin(self.problem.categories) & table["month"].isin(months)].copy()
        if (fit := self._best_fit(found["area_code"])) is not None:
            found["area_code"] = fit.codes
        inside = found["area_code"].isin(self.areas.index)
        found["place"] = np.select([inside, found["area_code"].isna()], ["in area", "unplaced"], "elsewhere")
        return found

    def _best_fit(self, codes: pd.Series) -> BestFit | None:
        """Carry small areas of 2011 to 2021, where the profile has the lookup."""
        changes = self.table("area_change")
        return None if changes is None else best_fit_2021(codes, changes)

    @cached_property
    def vintage_caveat(self) -> str:
        """Say how many incidents carried area codes retired in 2021, as the policy lets it be said, or nothing."""
        table = self.table("incident")
        assert table is not None
        months = [str(month) for month in self.problem.months]
        wanted = table["category"].isin(self.problem.categories) & table["month"].isin(months)
        fit = self._best_fit(table.loc[wanted, "area_code"])
        if fit is None or not fit.retired:
            return ""
        counts = self.policy.apply([fit.retired, fit.shared, fit.current])
        if counts[0] != counts[0]:
            return "2011 code, retired in 2021: best-fit lookup used for a few rows"
        retired, shared, current = (0 if count != count else int(count) for count in counts)
        return replace(fit, retired=retired, shared=shared, current=current).caveat

    @cached_property
    def deliveries(self) -> dict[str, dict[str, Any]]:
        """What the next delivery of each data set is compared with: counts and shares, no value."""
        return {delivery_key(self.problem, name): summarise(reading) for name, reading in self.readings.items()}

    def repeated_identifiers(self) -> str:
        """Say how many incidents carry an identifier that another incident of the same month has too, or nothing."""
        if "incident_id" not in self.incidents:
            return ""
        named = self.incidents.dropna(subset="incident_id")
        repeats = named[named.duplicated(["incident_id", "month"])]
        if repeats.empty:
            return ""
        by_month = repeats["month"].value_counts()
        shown = self.policy.apply(by_month.to_numpy()[:1])[0]
        often = f", {shown:.0f} of them in {by_month.index[0]}" if shown == shown else ""
        total = self.policy.apply([len(repeats)])[0]
        count = f"{total:,.0f}" if total == total else "A few"
        return f"{count} incidents repeat the identifier of another in the same month{often}; they are counted as delivered"

    def count(self, months: Any = None) -> pd.DataFrame:
        """Give the profile's small areas with ``count``, the incidents in the months named (all when not given)."""
        found = self.incidents
        if months is not None:
            found = found[found["month"].isin([str(month) for month in months])]
        return self.areas.assign(
            count=found.groupby("area_code").size().reindex(self.areas.index, fill_value=0)
        ).reset_index()

    @cached_property
    def monthly(self) -> pd.DataFrame:
        """Incidents by month (index) and small area of the profile (columns)."""
        inside = self.incidents[self.incidents["place"] == "in area"]
        months = [str(month) for month in self.problem.months]
        wide = inside.groupby(["month", "area_code"]).size().unstack(fill_value=0)
        return wide.reindex(index=months, columns=self.areas.index, fill_value=0).astype(float)

    @property
    def days(self) -> dict[str, int]:
        return {str(month): month.days for month in self.problem.months}

    @cached_property
    def outlines(self) -> dict[str, list]:
        """Outer rings of the profile's small areas, code → arrays of longitude and latitude."""
        import numpy as np

        table = self.table("boundary")
        if table is None:
            return {}
        shapes = table[table["area_code"].isin(self.areas.index)]
        return {
            code: [
                np.asarray(part[0])
                for part in ([shape["coordinates"]] if shape["type"] == "Polygon" else shape["coordinates"])
            ]
            for code, shape in zip(shapes["area_code"], shapes["geometry"], strict=True)
        }

    def covers(self, district: str) -> bool:
        """Tell whether the incident files cover a district, rather than hold a few strays of it."""
        codes = self.places.index[self.places["district_code"] == district]
        table = self.table("incident")
        assert table is not None
        return bool(len(codes)) and len(set(codes) & set(table["area_code"].dropna())) / len(codes) >= COVERED

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


def open_study(folder: str | Path = ".", /, *, today: dt.date | None = None, **parameters: str) -> Study:
    """Open a profile's data.

    Parameters
    ----------
    folder : path
        The profile, with its ``problem.yml``.
    today : datetime.date, optional
        The day on which sharing records must be in force; the current day when not given.
    **parameters : str
        As in the notebook's parameters cell: ``""`` means as in ``problem.yml``, ``none`` means empty.

    Returns
    -------
    Study

    Raises
    ------
    ParameterError, SharingError, DataError
        With every fault of its kind, before anything is computed.
    """
    problem = read_problem(Path(folder), **parameters)
    if problem.locked_down:
        refuse_connections()
    records = check_sharing(problem, today=today)
    readings = read_all(problem, today)
    check_what_was_read(problem, records, readings)
    _check_deliveries(problem, readings)
    policy, reason = policy_in_force(problem.policy, records)
    study = Study(problem, policy, records, readings, reason)
    _check_study(study)
    return study


def delivery_key(problem: Problem, dataset: str) -> str:
    """Name a data set in the history of deliveries: another data folder is another series."""
    return f"{dataset} in {zlib.crc32(str(problem.data.resolve()).encode()):08x}"


def _check_deliveries(problem: Problem, readings: dict[str, Reading]) -> None:
    """Compare each data set with the delivery that the last complete run read; add what differs to its notes."""
    keyed = {delivery_key(problem, name): name for name in readings}
    found = compare_with_last(problem.folder / HISTORY, {key: readings[name] for key, name in keyed.items()})
    told = [replace(fault, file=keyed[fault.file]) for fault in found]
    refused = tuple(fault for fault in told if fault.severity == "refuse")
    if refused:
        raise DataError(
            "a delivery differs from the one before it in a way that looks like a mistake; have it sent again or, "
            f"where it is right, remove {HISTORY}/ from the profile",
            report=FaultReport(refused),
        )
    for fault in told:
        readings[fault.file] = replace(readings[fault.file], notes=(*readings[fault.file].notes, fault))


def _check_study(study: Study) -> None:
    """Check what no single file can show: tables, months, districts and areas that the profile needs."""
    problem = study.problem
    have = {reading.source.table for reading in study.readings.values()}
    faults = [f"sources: no data set gives table {name}; {_who_could(name)}" for name in NEEDED if name not in have]
    if faults:
        raise DataError("the profile lacks data that every profile needs", faults=faults)
    for entry in study.provenance():
        if entry["months_missing"] and get_source(entry["source"]).table == "incident":
            faults.append(
                f"{entry['dataset']}: months missing: {', '.join(entry['months_missing'])}; add their files or change the periods"
            )
    for code in {*problem.district_codes, *problem.benchmark_areas} - set(study.places["district_code"]):
        faults.append(f"{code}: no small area of this district is in the area table")
    lost = int(study.areas["population"].isna().sum() + (study.areas["population"] == 0).sum())
    if lost:
        faults.append(f"population: {lost} small areas of the districts have no residents in the population table")
    if faults:
        raise DataError("the data do not cover the profile", faults=faults)
    _check_responses(study)
    unknown = {
        key: [area for area in getattr(problem, key) if area not in study.areas.index]
        for key in ("response_areas", "comparison_areas", "buffer_areas")
    }
    faults = [
        f"{key}: {len(found)} are not small areas of the profile's districts, the first {found[0]}; none where there is no response"
        for key, found in unknown.items()
        if found
    ]
    if faults:
        raise ParameterError("areas named in the profile are not in its districts", faults=faults)


def _check_responses(study: Study) -> None:
    """A table of responses and the profile must tell the same places and start."""
    responses, problem = study.table("response"), study.problem
    if responses is None or not problem.response_areas:
        return
    if set(responses["area_code"]) != set(problem.response_areas) or set(responses["start"]) != {
        str(problem.response_start)
    }:
        raise ParameterError(
            "the response is told in two ways",
            faults=[
                "response_areas, response_start: differ from the table of responses; correct the one that is wrong"
            ],
        )


def _who_could(table: str) -> str:
    return "sources that do: " + ", ".join(
        name for name in dictionary_names("sources") if get_source(name).table == table
    )
