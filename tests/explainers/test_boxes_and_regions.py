"""A box and a region as classifiers, against values computed by hand and loops written here."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dlexplain.explainers.base import METHODS, methods_for
from dlexplain.explainers.batching import BatchSizes, Target
from dlexplain.explainers.boxes import (
    PreparedBox,
    corners,
    detection_similarity,
    intersection_over_union,
    prepared_box,
)
from dlexplain.explainers.inputs.picture import BoxInput, PictureInput
from dlexplain.explainers.methods.rise import RiseParams
from dlexplain.explainers.progress import Progress
from dlexplain.explainers.regions import enlarged_logits, prepared_region, region_weights
from tests.tiny import RANGE, explain, picture, prepared

SIDE, QUERIES, CLASSES = 16, 3, 2


class Detector(nn.Module):
    """Each query reads one stripe of the picture: its logits and the place of its box."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.head = nn.Linear(3 * SIDE, CLASSES + 1 + 4)

    def forward(self, x: Tensor) -> Tensor:
        stripes = torch.stack([x[:, :, :, place * 5] for place in range(QUERIES)], dim=1)
        found = self.head(stripes.flatten(2))  # (batch, queries, classes + 1 + 4)
        return torch.cat([3 * found[..., :-4], found[..., -4:].sigmoid()], dim=-1)


class Segmenter(nn.Module):
    """A map of a quarter of the picture's sides."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(4)
        self.features = nn.Conv2d(3, 6, 3, stride=4, padding=1)
        self.head = nn.Conv2d(6, CLASSES, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.features(x).relu())


def box_of(query: int = 1) -> tuple[PreparedBox, Tensor, Tensor]:
    detector, x = prepared(Detector(), side=SIDE), picture(side=SIDE)
    found = detector.logits(x)[0, query]
    return prepared_box(detector, query, found), x, found


def asked(model: PreparedBox, method: str, x: Tensor, **params: float) -> np.ndarray:
    given = BoxInput(model, Target(0), Progress(), BatchSizes(), x)
    explainer = METHODS[method]
    return explainer.explain(given, explainer.request("box", params)).values


def test_intersection_over_union_by_hand() -> None:
    boxes = torch.tensor([[0.5, 0.5, 0.4, 0.4], [0.9, 0.5, 0.4, 0.4], [0.1, 0.1, 0.1, 0.1]])
    torch.testing.assert_close(corners(boxes)[0], torch.tensor([0.3, 0.3, 0.7, 0.7]))
    found = intersection_over_union(boxes, torch.tensor([0.7, 0.5, 0.4, 0.4]))
    # half of each covers the other: 0.08 of 0.16 + 0.16 - 0.08
    torch.testing.assert_close(found, torch.tensor([1 / 3, 1 / 3, 0.0]))
    nothing = torch.tensor([0.5, 0.5, 0.0, 0.0])
    assert float(intersection_over_union(nothing[None], nothing)) == 0


def test_a_detection_is_as_alike_itself_as_it_is_an_object() -> None:
    model, x, found = box_of()
    whole = model.detector(x)
    alike = detection_similarity(whole, model.box, model.probabilities)
    object_there = 1 - float(found[:-4].softmax(0)[-1])
    assert float(alike) >= object_there - 1e-6  # itself, unless another is more
    alone = detection_similarity(whole[:, 1:2], model.box, model.probabilities)
    assert float(alone) == pytest.approx(object_there, abs=1e-6)


def test_a_boxs_scores_are_its_querys_logits() -> None:
    model, x, found = box_of(2)
    torch.testing.assert_close(model.logits(x)[0], found[:-4])
    detector = prepared(Detector(), side=SIDE)
    gradient = asked(model, "saliency", x, absolute=False)
    leaf = x.clone().requires_grad_()
    (expected,) = torch.autograd.grad(detector.module(leaf)[0, 2, 0], leaf)
    torch.testing.assert_close(torch.tensor(gradient), expected[0])
    assert np.abs(gradient[:, :, 10]).min() > 0
    assert np.abs(np.delete(gradient, 10, axis=2)).max() == 0  # the query reads its stripe alone


def test_d_rise_is_the_mean_of_masks_weighed_by_what_is_left() -> None:
    model, x, found = box_of()
    samples, grid, keep = 40, 4, 0.5
    values = asked(model, "d-rise", x, samples=samples, grid=grid, keep=keep, seed=7)
    generator = torch.Generator().manual_seed(7)
    cells = (torch.rand((samples, 1, grid + 1, grid + 1), generator=generator) < keep).float()
    shifts = torch.rand((samples, 2), generator=generator)
    cell, low = SIDE // grid, RANGE[0]
    total = torch.zeros(SIDE, SIDE)
    wanted = found[:-4].softmax(0)[:-1]
    for i in range(samples):
        big = F.interpolate(cells[i : i + 1], scale_factor=cell, mode="bilinear")[0, 0]
        top, left = (int(shift * cell) for shift in shifts[i].tolist())
        mask = big[top : top + SIDE, left : left + SIDE]
        with torch.no_grad():
            seen = model.detector(low + (x - low) * mask)[0]
        best = 0.0
        for proposal in seen:
            shares = proposal[:-4].softmax(0)
            (cx, cy, w, h), (dx, dy, v, g) = proposal[-4:].tolist(), found[-4:].tolist()
            across = max(0.0, min(cx + w / 2, dx + v / 2) - max(cx - w / 2, dx - v / 2))
            down = max(0.0, min(cy + h / 2, dy + g / 2) - max(cy - h / 2, dy - g / 2))
            overlap = across * down / (w * h + v * g - across * down)
            alike = float(shares[:-1] @ wanted / (shares[:-1].norm() * wanted.norm()))
            best = max(best, overlap * alike * (1 - float(shares[-1])))
        total += best * mask
    np.testing.assert_allclose(values[0], total / (samples * keep), atol=1e-5)


def test_d_rise_is_of_boxes_alone_and_all_else_is_as_of_pictures() -> None:
    assert "d-rise" not in methods_for("picture")
    assert set(methods_for("box")) == {*methods_for("picture"), "d-rise"}
    assert issubclass(METHODS["d-rise"].Params, RiseParams)
    # what is usual of pictures is usual of boxes
    ablation = METHODS["superpixel-ablation"]
    assert ablation.specs("box") == ablation.specs("picture")


def test_a_regions_scores_are_the_means_of_the_enlarged_logits() -> None:
    segmenter, x = prepared(Segmenter(), side=SIDE), picture(side=SIDE)
    mask = torch.zeros(SIDE, SIDE, dtype=torch.bool)
    mask[3:9, 6:7] = mask[12, 1] = True
    region = prepared_region(segmenter, mask, (4, 4))
    large = enlarged_logits(segmenter.logits(x), (SIDE, SIDE))[0]
    torch.testing.assert_close(region.logits(x)[0], large[:, mask].mean(1))
    every = torch.ones(SIDE, SIDE, dtype=torch.bool)
    assert float(region_weights(every, (4, 4)).sum()) == pytest.approx(1)
    one = torch.zeros(4, 4, dtype=torch.bool)
    one[2, 3] = True  # a map that is not enlarged: the place itself
    torch.testing.assert_close(region_weights(one, (4, 4)), one.float())


def test_seg_grad_cam_is_grad_cam_of_the_sum_over_the_region() -> None:
    net, x = Segmenter().eval(), picture(side=SIDE)
    mask = torch.zeros(SIDE, SIDE, dtype=torch.bool)
    mask[:7, 5:] = True
    region = prepared_region(prepared(net, side=SIDE), mask, (4, 4))
    found = explain(region, "grad-cam", x, layer="network.features", positive=False).values[0]
    features = net.features(x).detach().requires_grad_()
    logits = enlarged_logits(net.head(features.relu()), (SIDE, SIDE))
    (gradient,) = torch.autograd.grad(logits[0, 1][mask].sum(), features)
    grid = (gradient.mean((2, 3), keepdim=True) * features).sum(1, keepdim=True)
    expected = enlarged_logits(grid, (SIDE, SIDE))[0, 0].detach() / mask.sum()
    np.testing.assert_allclose(found, expected.numpy(), atol=1e-6)


def test_parts_of_one_network_share_turns_and_measured_chunks() -> None:
    detector, x = prepared(Detector(), side=SIDE), picture(side=SIDE)
    found = detector.logits(x)[0]
    boxes = [prepared_box(detector, query, found[query]) for query in range(QUERIES)]
    assert len({box.fingerprint for box in boxes}) == QUERIES
    assert all(box.lock is detector.lock and box.detector is detector.module for box in boxes)
    chunks = BatchSizes()
    chunks.lower(boxes[0], "forward", 5)
    assert [chunks.get(box, "forward") for box in boxes] == [5] * QUERIES
    assert PictureInput.modality.name == BoxInput.modality.name
