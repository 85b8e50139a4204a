"""Small areas of a profile: residents carried to the codes of 2021, deprivation, outlines, neighbours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from problemsolving.errors import DataError

if TYPE_CHECKING:
    import pandas as pd


def carry_residents(table: pd.DataFrame, changes: pd.DataFrame | None, columns: list[str]) -> pd.DataFrame:
    """Carry residents to the area codes of 2021: split equally among children, merged summed.

    Parameters
    ----------
    table : pandas.DataFrame
        ``area_code``, ``code_year`` and columns of residents.
    changes : pandas.DataFrame or None
        Table ``area_change``; needed where codes are of 2011.
    columns : list of str
        Columns of residents; what is missing in a part is missing in the whole.

    Returns
    -------
    pandas.DataFrame
        The columns, index = area code of 2021.

    Raises
    ------
    DataError
        Where codes are of 2011 and the lookup is missing or lacks some.
    """
    old, new = (table[table["code_year"] == year] for year in (2011, 2021))
    if old.empty:
        return new.set_index("area_code")[columns]
    if changes is None:
        raise DataError("population is on areas of 2011; name a source of table area_change in problem.yml")
    lost = len(set(old["area_code"]) - set(changes["old_code"]))
    if lost:
        raise DataError(
            "population cannot be carried", faults=[f"{lost} areas of 2011 are not in the table area_change"]
        )
    children = changes.merge(old, left_on="old_code", right_on="area_code")
    shares = children.groupby("old_code")["new_code"].transform("size")
    children[columns] = children[columns].div(shares, axis=0)
    return children.groupby("new_code")[columns].sum(min_count=1).rename_axis("area_code")


def outlines_of(table: pd.DataFrame | None, codes: pd.Index) -> dict[str, list[Any]]:
    """Outer rings of small areas, code → arrays of longitude and latitude in degrees."""
    import numpy as np

    if table is None:
        return {}
    shapes = table[table["area_code"].isin(codes)]
    return {
        code: [
            np.asarray(part[0])
            for part in ([shape["coordinates"]] if shape["type"] == "Polygon" else shape["coordinates"])
        ]
        for code, shape in zip(shapes["area_code"], shapes["geometry"], strict=True)
    }
