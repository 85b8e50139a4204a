"""A fitted curve over a picture that is already drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from numpy.typing import ArrayLike

from problemsolving.draw.base import ORANGE

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def fitted(x: ArrayLike, y: ArrayLike, *, label: str, ax: Axes) -> Axes:
    """Draw a fitted curve and name it in the legend."""
    ax.plot(x, y, color=ORANGE, linewidth=2.2, label=label)
    ax.legend(frameon=False, loc="upper right")
    return ax
