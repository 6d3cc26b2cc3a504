"""Boxes and regions as figures: colours, what is written, and what a click means."""

from dataclasses import replace

import numpy as np

from dlexplain.figures.objects import PLACES, colours_of, plot_detection, plot_segmentation
from dlexplain.figures.overlay import attribution_png, outlined
from dlexplain.figures.scales import INK, LINES
from dlexplain.results import (
    Attribution,
    Box,
    ClassName,
    ClassScore,
    Detection,
    Region,
    Segmentation,
)

PICTURE = np.full((60, 120, 3), 90, np.uint8)
CAT, BIRD = ClassName(0, "", "cat"), ClassName(2, "", "<b>bird</b>")


def detection() -> Detection:
    boxes = (
        Box(1, 7, ClassScore(CAT, 0.9), 10, 10, 110, 50),
        Box(2, 3, ClassScore(BIRD, 0.8), 20, 20, 50, 40),
        Box(3, 4, ClassScore(CAT, 0.7), 60, 0, 120, 20),
    )
    return Detection("p", "m", boxes, boxes[0], 0.5, PICTURE)


def segmentation(count: int = 3) -> Segmentation:
    classes = np.arange(64).reshape(8, 8) * count // 64
    regions = tuple(Region(ClassName(i, "", f"<i>{i}</i>"), 1 / count) for i in range(count))
    return Segmentation("p", "m", classes, regions, np.full((8, 8, 3), 90, np.uint8))


def test_boxes_lie_where_they_are_and_one_class_has_one_colour() -> None:
    figure = plot_detection(detection(), chosen=2)
    shapes = {(s.x0, s.y0, s.x1, s.y1): s for s in figure.layout.shapes}
    assert set(shapes) == {(10, 10, 110, 50), (20, 20, 50, 40), (60, 0, 120, 20)}
    colour = {place: shape.line.color for place, shape in shapes.items()}
    assert colour[10, 10, 110, 50] == colour[60, 0, 120, 20] != colour[20, 20, 50, 40]
    widths = {place: shape.line.width for place, shape in shapes.items()}
    assert widths[20, 20, 50, 40] > widths[10, 10, 110, 50] == widths[60, 0, 120, 20]
    assert figure.layout.shapes[-1].x0 == 20  # over the others
    assert tuple(figure.layout.xaxis.range) == (0, 120)
    assert tuple(figure.layout.yaxis.range) == (60, 0)
    assert figure.layout.height == 224  # half of the page's side
    assert {note.text for note in figure.layout.annotations} == {
        "1. cat, 90.0%", "2. &lt;b&gt;bird&lt;/b&gt;, 80.0%", "3. cat, 70.0%",
    }  # fmt: skip


def test_a_click_means_the_smallest_box_around_it() -> None:
    (points,) = detection().plot().data
    assert len(points.x) == PLACES * PLACES // 2

    def at(x: float, y: float) -> int:
        nearest = np.hypot(np.array(points.x) - x, np.array(points.y) - y).argmin()
        return int(points.customdata[nearest][0])

    assert at(30, 30) == 2  # inside of box 1
    assert at(80, 30) == 1
    assert at(80, 14) == 3
    assert at(3, 3) == 0
    nothing = Detection("p", "m", (), detection().best, 0.95, PICTURE).plot()
    assert not any(number for (number,) in nothing.data[0].customdata)


def test_each_region_has_its_colour_and_stands_in_the_legend() -> None:
    found = segmentation()
    figure = plot_segmentation(found)
    points, *key = figure.data
    assert [trace.name for trace in key] == [f"&lt;i&gt;{i}&lt;/i&gt;, 33.3%" for i in range(3)]
    assert [trace.marker.color for trace in key] == list(LINES[:3])
    across, down = np.array(points.x).astype(int), np.array(points.y).astype(int)
    expected = found.classes[down, across]
    np.testing.assert_array_equal(np.array(points.customdata)[:, 0], expected)


def test_more_regions_than_colours_share_the_last() -> None:
    found = segmentation(10)
    colours = colours_of(found)
    own = len(LINES) - 1
    assert len({colours[i] for i in range(own)}) == own
    assert INK not in {colours[i] for i in range(own)}
    assert {colours[i] for i in range(own, 10)} == {INK}
    *_, last = found.plot().data
    assert last.name == f"{10 - own} others, {(10 - own) / 10:.1%}"


def test_results_say_what_they_are_as_json() -> None:
    told = detection().to_dict()
    assert told["size"] == [120, 60]
    assert told["boxes"][1] == {
        "number": 2, "index": 2, "label": "<b>bird</b>", "probability": 0.8,
        "box": [20, 20, 50, 40], "query": 3,
    }  # fmt: skip
    assert segmentation().to_dict()["shape"] == [8, 8]
    assert segmentation().to_dict()["regions"][0]["share"] == 1 / 3


def test_the_outline_is_the_edge_inside_of_a_mask() -> None:
    pixels = np.full((400, 400, 3), 90, np.uint8)
    mask = np.zeros((4, 4), bool)
    mask[1:3, 1:4] = True
    found = outlined(pixels, mask)
    changed = (found != 90).any(2)
    assert changed[100:300, 100:400].any()
    assert not np.delete(np.delete(changed, np.s_[100:300], 0), np.s_[100:400], 1).any()
    assert changed[100:104, 100:400].all()
    assert changed[100:300, 396:400].all()  # also at the picture's own edge
    assert not changed[104:296, 104:396].any()
    assert found[100, 250].tolist() == [255] * 3
    assert found[103, 250].tolist() == [20] * 3
    assert outlined(pixels, None) is pixels


def test_a_part_is_outlined_on_its_map_and_its_png() -> None:
    mask = np.zeros((8, 8), bool)
    mask[2:6, 2:6] = True
    plain = Attribution(
        "m", {}, np.zeros((1, 8, 8), np.float32), True, 0.1, 1, picture=segmentation().picture
    )
    part = replace(plain, part="box 1", mask=mask)
    assert part.class_question.endswith(" in box 1")
    assert part.plot().layout.images[0].source != plain.plot().layout.images[0].source
    assert attribution_png(part) != attribution_png(replace(part, mask=None))
