"""Pictures of networks and journeys: what is drawn, that nothing overlaps, and the same bytes twice."""

import numpy as np
import pytest

from problemsolving import draw
from problemsolving.draw.alluvial import SHOWN, alluvial, merge_small
from problemsolving.draw.grids import block_order, matrix
from problemsolving.draw.kinds import COLOURS, look_of, spread_out
from problemsolving.draw.networks import MOST, node_link
from problemsolving.report.safe import check_picture

WORDS = ("Police", "Ambulance", "Emergency Department", "Mental Health Trust", "Council", "Housing", "Turning Tide Recovery")  # fmt: skip


def names(n):
    return [f"{WORDS[at % 7]} {at // 7 + 1}" if at >= 7 else WORDS[at] for at in range(n)]


def ties(n, seed=1):
    rng = np.random.default_rng(seed)
    block = rng.integers(0, max(2, n // 6), n)
    cells = rng.poisson(np.where(block[:, None] == block, 30, 2), (n, n)).astype(float)
    cells[cells == 2] = np.nan
    np.fill_diagonal(cells, np.nan)
    return cells, block


def flows(n, steps=5, seed=1):
    rng = np.random.default_rng(seed)
    bands = [rng.multinomial(800, rng.dirichlet(np.ones(n)))]
    moved = []
    for _ in range(steps - 1):
        moved.append(np.array([rng.multinomial(many, rng.dirichlet(np.ones(n + 1))) for many in bands[-1]]))
        bands.append(moved[-1][:, :n].sum(axis=0))
    return np.array(bands, float), np.array(moved, float)


def arcs_of(cells, labels):
    return [(labels[a], labels[b], cells[a, b]) for a, b in np.argwhere(np.nan_to_num(cells) > 20)]


def boxes(ax, texts):
    figure = ax.get_figure()
    figure.draw_without_rendering()
    return [text.get_window_extent() for text in texts if text.get_text()]


def overlapping(found):
    shrunk = [box.padded(-0.5) for box in found]
    return [(a, b) for a, one in enumerate(shrunk) for b, other in enumerate(shrunk[:a]) if one.overlaps(other)]


def inside(ax, found):
    whole = ax.get_figure().bbox
    return all(box.x0 >= whole.x0 - 1 and box.x1 <= whole.x1 + 1 and box.y0 >= whole.y0 - 1 and box.y1 <= whole.y1 + 1 for box in found)  # fmt: skip


PICTURES = {
    "matrix": lambda n: matrix(names(n), names(n), ties(n)[0], row_title="from", column_title="to"),
    "alluvial": lambda n: alluvial(names(n), *flows(n)),
    "node_link": lambda n: node_link(names(n), arcs_of(ties(n)[0], names(n)), sectors=dict(zip(names(n), map(str, ties(n)[1]), strict=True)), quantity="referrals"),
    "journey": lambda n: draw.journey(names(n)[:6], np.arange(min(n, 6)) * 9.0, ended="helped"),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "n"), [("matrix", 6), ("matrix", 20), ("alluvial", 6), ("alluvial", 60), ("node_link", 20), ("journey", 6)])  # fmt: skip
def test_the_same_bytes_twice_and_safe_to_publish(kind, n):
    one, other = (draw.to_svg(lambda: PICTURES[kind](n)) for _ in range(2))
    assert one == other
    check_picture(one)


# matrix


@pytest.mark.parametrize("n", [6, 20, 60])
def test_names_in_a_matrix_do_not_overlap_and_are_not_cut(n):
    ax = PICTURES["matrix"](n)
    ax.get_figure().set_dpi(100)
    rows = boxes(ax, ax.get_yticklabels())
    assert len(rows) == n and not overlapping(rows) and inside(ax, rows)
    columns = boxes(ax, ax.get_xticklabels())
    assert inside(ax, columns) and (n <= 12 or not overlapping(columns))
    legend = boxes(ax, ax.get_legend().get_texts())
    assert inside(ax, legend) and not overlapping(legend)


def test_withheld_cells_are_hatched_zeros_are_not_and_the_diagonal_is_neither():
    cells = np.array([[np.nan, 0, 8], [np.nan, np.nan, 5], [3, 0, np.nan]])
    ax = matrix(list("abc"), list("abc"), cells, row_title="from", column_title="to", order="given")
    hatched = [(patch.get_y() + 0.5, patch.get_x() + 0.5) for patch in ax.patches if patch.get_hatch()]
    assert hatched == [(1, 0)]
    assert sorted(text.get_text() for text in ax.texts) == ["0", "0", "3", "5", "8"]
    assert [text.get_text() for text in ax.get_legend().get_texts()][-2:] == ["itself", "withheld"]


def test_other_tables_keep_their_order():
    ax = matrix(["x", "y"], ["p", "q", "r"], [[1, 2, np.nan], [0, 5, 6]], row_title="a", column_title="b")
    assert [text.get_text() for text in ax.get_yticklabels()] == ["x", "y"]
    assert len([patch for patch in ax.patches if patch.get_hatch()]) == 1
    square = matrix(["x", "y"], ["x", "y"], [[np.nan, 2], [1, 4]], row_title="a", column_title="b", order="given")
    assert [bool(patch.get_hatch()) for patch in square.patches].count(True) == 1, "a diagonal that is counted"


def test_planted_blocks_stand_together_whatever_the_order_given():
    cells, _ = ties(18, seed=4)
    block = np.arange(18) % 3
    cells = np.where(block[:, None] == block, 40.0, 1.0)
    order, sizes = block_order(names(18), cells)
    assert sizes == [6, 6, 6] and [len(set(block[order[at : at + 6]])) for at in (0, 6, 12)] == [1, 1, 1]
    shuffled = np.random.default_rng(3).permutation(18)
    again, _ = block_order([names(18)[at] for at in shuffled], cells[np.ix_(shuffled, shuffled)])
    assert [names(18)[shuffled[at]] for at in again] == [names(18)[at] for at in order]


def test_order_of_no_ties_is_that_of_names():
    assert block_order(["b", "a"], np.zeros((2, 2))) == ([1, 0], [2])


# nodes and links


@pytest.mark.parametrize("n", [2, 6, 20, 29])
def test_labels_of_nodes_do_not_overlap_and_are_not_cut(n):
    ax = PICTURES["node_link"](n)
    ax.get_figure().set_dpi(100)
    found = boxes(ax, ax.texts)
    assert len(found) == n and not overlapping(found) and inside(ax, found)


def test_from_thirty_nodes_on_a_matrix_must_do():
    with pytest.raises(ValueError, match="draw a matrix"):
        node_link(names(MOST), [])
    with pytest.raises(ValueError, match="not there: x"):
        node_link(["a", "b"], [("a", "x", 1)])


def test_width_tells_weight_and_sectors_have_colour_and_shape():
    ax = node_link(["a", "b", "c"], [("a", "b", 10), ("b", "c", 40), ("c", "a", np.nan), ("a", "c", 0)], sectors={"a": "health", "b": "justice", "c": "health"}, quantity="people")  # fmt: skip
    widths = sorted(patch.get_linewidth() for patch in ax.patches)
    assert len(widths) == 2 and (widths[0] - 0.6) / (widths[1] - 0.6) == pytest.approx(0.25)
    looks = {(line.get_marker(), line.get_color()) for line in ax.lines}
    assert len(looks) == 2 and len({shape for shape, _ in looks}) == 2
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["health", "justice", "10 people", "40 people"]


def test_order_of_nodes_and_arcs_does_not_move_them():
    labels, cells = names(12), ties(12)[0]
    one = node_link(labels, arcs_of(cells, labels))
    other = node_link(labels[::-1], arcs_of(cells, labels)[::-1])
    places = [{text.get_text(): text.get_position() for text in ax.texts} for ax in (one, other)]
    assert places[0] == places[1]


def test_no_nodes_one_node_and_no_arcs():
    for nodes in ([], ["a"], ["a", "b"]):
        assert len(node_link(nodes, []).texts) == len(nodes)


# journeys step by step


@pytest.mark.parametrize("n", [6, 20, 60])
def test_bands_and_flows_add_up_and_numbers_do_not_overlap(n):
    bands, moved = flows(n)
    ax = alluvial(names(n), bands, moved)
    ax.get_figure().set_dpi(100)
    found = boxes(ax, ax.texts)
    assert not overlapping(found) and inside(ax, found)
    tall = [patch.get_height() for patch in ax.patches if hasattr(patch, "get_height")]
    ended = moved[:, :, -1].sum()
    assert sum(tall) == pytest.approx(bands.sum() + ended)
    legend = boxes(ax, ax.get_legend().get_texts())
    assert inside(ax, legend) and not overlapping(legend)


def test_small_agencies_are_put_together_and_nobody_is_lost():
    bands, moved = flows(20)
    merged = merge_small(names(20), bands, moved)
    assert len(merged.names) == SHOWN + 1 and merged.names[-1] == "other (12 agencies)"
    assert merged.bands.sum(axis=1) == pytest.approx(bands.sum(axis=1)) and merged.flows.sum() == moved.sum()
    assert (np.diff(merged.bands[:, :-1].sum(axis=0)) <= 0).all()
    given = merge_small(["other agencies", "a"], [[50, 1]], np.zeros((0, 2, 3)))
    assert given.names == ["a", "other agencies"] and given.bands.tolist() == [[1, 50]]


def test_what_is_withheld_is_not_drawn():
    bands, moved = np.array([[30.0, np.nan], [10.0, np.nan]]), np.array([[[10.0, np.nan, 20.0], [np.nan] * 3]])
    ax = alluvial(["a", "b"], bands, moved)
    assert sum(patch.get_height() for patch in ax.patches if hasattr(patch, "get_height")) == pytest.approx(60)


# the made-up journey, colours and places


def test_a_journey_has_a_lane_an_agency_a_mark_a_contact_and_a_line_a_wait():
    ax = draw.journey(["Police", "Clinic", "Police"], [0, 4, 9], ended="helped")
    assert [text.get_text() for text in ax.get_yticklabels()] == ["Police", "Clinic"]
    assert [text.get_text() for text in ax.texts] == ["1", "2", "3"] and "made-up" in ax.get_title(loc="left")
    waits = [line for line in ax.lines if line.get_linewidth() == 3]
    assert [tuple(line.get_xdata()) for line in waits] == [(0, 4), (4, 9)]
    assert draw.journey(["Police"], [0]) is not None


def test_kinds_have_looks_of_their_own():
    assert len({look[0] for look in look_of(list("abcdefghi")).values()}) == len(COLOURS)
    with pytest.raises(ValueError, match="join some"):
        look_of(list("abcdefghij"))


def _luminance(colour):
    from matplotlib.colors import to_rgb

    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return np.array(linear)


def test_colours_are_told_apart_with_colour_blindness():
    """Machado, Oliveira and Fernandes (2009): as seen without red or green cones, no two colours look alike."""
    blind = {
        "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
        "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    }
    for seen in blind.values():
        looks = [np.clip(np.array(seen) @ _luminance(colour), 0, 1) ** (1 / 2.2) for colour in COLOURS]
        apart = [np.linalg.norm(a - b) for at, a in enumerate(looks) for b in looks[:at]]
        assert min(apart) > 0.08


def test_labels_keep_apart_and_as_near_as_they_can():
    placed = spread_out([3.0, 1.0, 1.1, 1.2], 0.5, low=0.0, high=4.0)
    assert np.diff(np.sort(placed)).min() >= 0.5 - 1e-9 and placed[0] == pytest.approx(3.0)
    crowded = spread_out(np.ones(10), 1.0, low=0.0, high=3.0)
    assert (
        crowded.min() == pytest.approx(0)
        and crowded.max() == pytest.approx(3)
        and len(spread_out([], 1, low=0, high=1)) == 0
    )
