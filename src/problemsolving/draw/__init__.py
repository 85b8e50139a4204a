"""Drawing on plain arrays: axes in, axes out. Knows no result, study or policy."""

from problemsolving.draw.base import get_axes, to_svg
from problemsolving.draw.curves import gradient, lorenz
from problemsolving.draw.grids import matrix
from problemsolving.draw.maps import choropleth
from problemsolving.draw.marks import bars, intervals
from problemsolving.draw.series import chart

__all__ = [
    "bars",
    "chart",
    "choropleth",
    "get_axes",
    "gradient",
    "intervals",
    "lorenz",
    "matrix",
    "to_svg",
]
