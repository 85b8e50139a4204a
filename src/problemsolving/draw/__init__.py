"""Drawing on plain arrays: axes in, axes out. Knows no result, study or policy."""

from problemsolving.draw.alluvial import alluvial
from problemsolving.draw.base import get_axes, to_svg
from problemsolving.draw.bounds import bounded_intervals
from problemsolving.draw.chance import against_chance
from problemsolving.draw.compared import compared_intervals
from problemsolving.draw.curves import gradient, lorenz
from problemsolving.draw.diagrams import diagram
from problemsolving.draw.fits import fitted
from problemsolving.draw.forecasts import forecast
from problemsolving.draw.funnel import funnel
from problemsolving.draw.gaps import days_between
from problemsolving.draw.grids import block_order, matrix
from problemsolving.draw.hot_spots import category_map
from problemsolving.draw.hours import heat_map
from problemsolving.draw.journey import journey
from problemsolving.draw.links import State, links
from problemsolving.draw.maps import choropleth
from problemsolving.draw.marks import bars, intervals
from problemsolving.draw.networks import node_link
from problemsolving.draw.segments import segments
from problemsolving.draw.series import chart
from problemsolving.draw.shapes import shape
from problemsolving.draw.steps import steps
from problemsolving.draw.surface import surface
from problemsolving.draw.upset import upset

__all__ = [
    "State",
    "against_chance",
    "alluvial",
    "bars",
    "block_order",
    "bounded_intervals",
    "category_map",
    "chart",
    "choropleth",
    "compared_intervals",
    "days_between",
    "diagram",
    "fitted",
    "forecast",
    "funnel",
    "get_axes",
    "gradient",
    "heat_map",
    "intervals",
    "journey",
    "links",
    "lorenz",
    "matrix",
    "node_link",
    "segments",
    "shape",
    "steps",
    "surface",
    "to_svg",
    "upset",
]
