"""Outlines of areas from GeoJSON."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from problemsolving.dictionary.door import Delivery
from problemsolving.dictionary.faults import Fault, FaultReport
from problemsolving.dictionary.schema import Source, table
from problemsolving.errors import DataError, counted

if TYPE_CHECKING:
    import pandas as pd


def _is_outline(shape: Any) -> bool:
    """Tell whether this is a GeoJSON polygon or multipolygon with finite corners within the British Isles."""
    if not isinstance(shape, dict) or shape.get("type") not in ("Polygon", "MultiPolygon"):
        return False
    try:
        parts = [shape["coordinates"]] if shape["type"] == "Polygon" else shape["coordinates"]
        corners = [corner for part in parts for ring in part for corner in ring]
        numbers = all(isinstance(value, int | float) for corner in corners for value in corner)
        inside = numbers and all(-9 <= corner[0] <= 3 and 49 <= corner[1] <= 61 for corner in corners)
        return bool(parts) and inside and all(part and len(part[0]) >= 4 for part in parts)
    except (KeyError, TypeError, IndexError):
        return False


def read_outlines(source: Source, deliveries: list[Delivery]) -> tuple[pd.DataFrame, tuple[dict[str, object], ...]]:
    """Read GeoJSON outlines; what is not a polygon with the mapped property is a fault."""
    import pandas as pd

    schema = table(source.table)
    key = str(source.columns["area_code"].from_)
    pattern = re.compile(schema.field("area_code").constraints.pattern or "")
    rows, files = [], []
    faults: list[Fault] = []
    for delivery in deliveries:
        try:
            features = json.loads(delivery.text)["features"]
            found = [(feature["properties"][key], feature["geometry"]) for feature in features]
        except (ValueError, KeyError, TypeError, RecursionError):
            rule = f'not GeoJSON whose features have the property "{key}" and a geometry'
            faults.append(Fault(delivery.name, "", rule))
            continue
        seen: set[str] = set()
        bad = []
        for place, (code, shape) in enumerate(found):
            if not pattern.match(str(code)) or str(code) in seen or not _is_outline(shape):
                bad.append(place)
            seen.add(str(code))
        if bad:
            rule = f"{counted(len(bad), 'feature')} without a valid code of its own or a closed polygon in degrees (first at {bad[0]})"
            faults.append(Fault(delivery.name, "", rule, len(bad)))
        rows += found
        files.append({"name": delivery.name, "sha256": delivery.sha256, "rows": len(found)})
    if faults:
        report = FaultReport(tuple(faults))
        raise DataError(f"{source.title}: {counted(len(faults), 'fault')} in the files", report=report)
    return pd.DataFrame(rows, columns=["area_code", "geometry"]), tuple(files)
