"""Class activation maps: what a convolutional layer saw, weighed for a class."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor

from dlexplain.errors import Incompatible
from dlexplain.explainers.base import Attributed, Explainer, Family, register
from dlexplain.explainers.batching import Score, gradient_of
from dlexplain.explainers.capture import Tape, capture, find_layer, spatial, spatial_layers
from dlexplain.explainers.inputs.base import ModelInput, Need
from dlexplain.explainers.inputs.picture import PictureInput
from dlexplain.explainers.methods.gradients import check_guided, guided
from dlexplain.explainers.one_pass import OnePass
from dlexplain.explainers.prepare import PreparedModel
from dlexplain.params import flag, name, number

LAYER_HELP = (
    "Which layer's map; auto is the last one with a grid of at least 3 x 3 places. Earlier layers "
    "are finer and know less about classes. Tokens of a Transformer are put back into their grid."
)


def layer_field() -> str:
    """The field that every layer method declares."""
    declared: str = name("auto", "Layer", help=LAYER_HELP)
    return declared


def enlarge(grid: Tensor, size: torch.Size | tuple[int, ...]) -> Tensor:
    """(batch, channels, height, width) -> the same, bilinear, at the input's size."""
    return F.interpolate(grid, size=tuple(size[-2:]), mode="bilinear", align_corners=False)


def layer_pass(
    model: PreparedModel, inputs: Tensor, score: Score, layer: str
) -> tuple[Tensor, Tensor]:
    """The layer's output and each row's gradient of its score at it, both (batch, channels, height,
    width). The caller has the model's turn."""
    with capture(model.module, find_layer(model, layer).name) as tape:
        with torch.enable_grad():
            scores = score(model.module(inputs)).sum()
            output = _of_each(tape.output, inputs, layer)
            (gradient,) = torch.autograd.grad(scores, output, allow_unused=True)
    if gradient is None:
        raise Incompatible(f'the score does not depend on the last output of the layer "{layer}"')
    return spatial(output.detach()), spatial(gradient)


def _of_each(output: Tensor | None, inputs: Tensor, layer: str) -> Tensor:
    """Raises Incompatible where it is not an output for each picture."""
    assert output is not None
    if len(output) != len(inputs):
        raise Incompatible(
            f'the layer "{layer}" has {len(output)} outputs for {len(inputs)} pictures at once; a '
            "layer with one for each is accepted"
        )
    return output


def activation_and_gradient(given: PictureInput, layer: str) -> tuple[Tensor, Tensor]:
    """The layer's output and the score's gradient at it, each (1, channels, height, width)."""
    given.progress.plan(1)
    find_layer(given.model, layer)  # the first time it takes a turn by itself
    with given.model.lock.turn():
        found = layer_pass(given.model, given.inputs, given.target.score, layer)
    given.progress.advance(1)
    return found


@dataclass(frozen=True)
class LayerParams:
    layer: str = layer_field()


@dataclass(frozen=True)
class GradCamParams(LayerParams):
    positive: bool = flag(
        True, "Only positive", help="Keep only evidence for the class, as the paper does."
    )


@dataclass(frozen=True)
class ChannelParams(LayerParams):
    channels: int = number(
        256,
        "Channels",
        low=1,
        high=4096,
        help="How many channels are tried, those that vary most over the picture first.",
    )


P = TypeVar("P", bound=LayerParams)


class LayerMethod(Explainer[P]):
    """A method that weighs one layer's channels."""

    family: ClassVar[Family] = "layer"
    needs: ClassVar[frozenset[Need]] = frozenset({"gradients", "pixels"})

    def check(self, model: PreparedModel) -> None:
        find_layer(model)

    def fit(self, model: PreparedModel, params: P) -> tuple[P, str]:
        return replace(params, layer=find_layer(model, params.layer).name), ""

    def choices(self, model: PreparedModel) -> dict[str, tuple[str, ...]]:
        return {"layer": ("auto", *(layer.name for layer in spatial_layers(model)))}


class _GradientCam(LayerMethod[P], OnePass[P]):
    signed = False

    @abstractmethod
    def grid(self, activation: Tensor, gradient: Tensor, params: P) -> Tensor:
        """(batch, channels, height, width) twice -> (batch, 1, height, width)"""

    def note(self, activation: Tensor, gradient: Tensor) -> str:
        """What is to be told of the map of one picture, (1, channels, height, width) twice."""
        return ""

    def attribute(self, given: ModelInput, params: P) -> Attributed:
        assert isinstance(given, PictureInput)
        activation, gradient = activation_and_gradient(given, params.layer)
        grid = self.grid(activation, gradient, params)
        note = self.note(activation, gradient)
        return Attributed(enlarge(grid, given.inputs.shape)[0], note=note)

    def together(
        self, model: PreparedModel, inputs: Tensor, score: Score, params: P
    ) -> Sequence[Attributed]:
        activation, gradient = layer_pass(model, inputs, score, params.layer)
        maps = enlarge(self.grid(activation, gradient, params), inputs.shape)
        rows = zip(maps, activation.split(1), gradient.split(1), strict=True)  # type: ignore[no-untyped-call]
        return [Attributed(values, note=self.note(a, g)) for values, a, g in rows]


class _SignedCam(_GradientCam[GradCamParams]):
    """One whose negative places speak against the class, where they are kept."""

    Params = GradCamParams

    @abstractmethod
    def summed(self, activation: Tensor, gradient: Tensor) -> Tensor:
        """(batch, channels, height, width) twice -> (batch, 1, height, width), before the ReLU"""

    def is_signed(self, params: GradCamParams) -> bool:
        return not params.positive

    def is_linear(self, params: GradCamParams) -> bool:
        return not params.positive

    def grid(self, activation: Tensor, gradient: Tensor, params: GradCamParams) -> Tensor:
        summed = self.summed(activation, gradient)
        return summed.clamp_min(0) if params.positive else summed


def grad_cam_grid(activation: Tensor, gradient: Tensor) -> Tensor:
    """Channels weighed by their mean gradient, before the ReLU."""
    weights = gradient.mean(dim=(2, 3), keepdim=True)  # (batch, channels, 1, 1)
    return (weights * activation).sum(dim=1, keepdim=True)


@register
class GradCam(_SignedCam):
    """Where a layer's channels that raise the class score are active. Coarse but stable: the
    grid of a last layer is 7 x 7 or so on a picture of 224 pixels, and 3 x 3 or 4 x 4 on a small
    one.

    Formula: ReLU(Σ_k w_k A_k), w_k = mean over places of ∂f/∂A_k; without "only positive", the
    sum itself, where negative places speak against the class. With a second class f is the
    difference of two scores: Finer-CAM with one similar class and α = 1 (Zhang et al. 2025,
    https://arxiv.org/abs/2501.11309).
    """

    name = "grad-cam"
    title = "Grad-CAM"
    unit = "weighted activation"
    paper = "Selvaraju et al. 2017, https://arxiv.org/abs/1610.02391"

    def summed(self, activation: Tensor, gradient: Tensor) -> Tensor:
        return grad_cam_grid(activation, gradient)


CANCELLED = 1e-4
"""Of the products' absolute sum: what is left of them below it is rounding."""
NORMALISED = (
    "Gradient and activation cancel at each place, as they do where a LayerNorm follows: choose "
    "another layer, or Grad-CAM."
)


@register
class HiResCam(_SignedCam):
    """Each place of each channel weighed by its own gradient, so that nothing is highlighted that
    the score did not use. Where one linear layer follows, the map's sum is the score less its bias.

    Formula: ReLU(Σ_k ∂f/∂A_k · A_k), place by place; without "only positive", the sum itself.
    """

    name = "hires-cam"
    title = "HiResCAM"
    unit = "gradient × activation"
    paper = "Draelos, Carin 2020, https://arxiv.org/abs/2011.08891"

    def summed(self, activation: Tensor, gradient: Tensor) -> Tensor:
        return (gradient * activation).sum(dim=1, keepdim=True)

    def note(self, activation: Tensor, gradient: Tensor) -> str:
        products = gradient * activation
        left, all_of_it = products.sum(dim=1).abs().sum(), products.abs().sum()
        return NORMALISED if float(left) < CANCELLED * float(all_of_it) else ""


@register
class GradCamPlusPlus(_GradientCam[LayerParams]):
    """Grad-CAM with weights place by place, so that several objects of one class, or a small
    one, are covered more evenly.

    Formula: ReLU(Σ_k w_k A_k), w_k = Σ_ij a_ij ReLU(g_ij), a = g² / (2g² + ΣA · g³) with the
    gradient g of the score at the channel.
    """

    name = "grad-cam-plus-plus"
    title = "Grad-CAM++"
    unit = "weighted activation"
    paper = "Chattopadhay et al. 2018, https://arxiv.org/abs/1710.11063"
    Params = LayerParams

    def grid(self, activation: Tensor, gradient: Tensor, params: LayerParams) -> Tensor:
        total = activation.sum(dim=(2, 3), keepdim=True)  # (batch, channels, 1, 1)
        denominator = 2 * gradient**2 + total * gradient**3
        safe = torch.where(denominator == 0, torch.ones_like(denominator), denominator)
        alpha = gradient**2 / safe
        weights = (alpha * gradient.clamp_min(0)).sum(dim=(2, 3), keepdim=True)
        return (weights * activation).sum(dim=1, keepdim=True).clamp_min(0)


@register
class LayerCam(_GradientCam[LayerParams]):
    """Each place of each channel weighed by its own positive gradient, not by the channel's mean:
    stays sharp on early layers, where Grad-CAM blurs.

    Formula: ReLU(Σ_k ReLU(∂f/∂A_k) · A_k), place by place.
    """

    name = "layer-cam"
    title = "Layer-CAM"
    unit = "weighted activation"
    paper = "Jiang et al. 2021, https://doi.org/10.1109/TIP.2021.3089943"
    Params = LayerParams

    def grid(self, activation: Tensor, gradient: Tensor, params: LayerParams) -> Tensor:
        return (gradient.clamp_min(0) * activation).sum(dim=1, keepdim=True).clamp_min(0)


@register
class GuidedGradCam(LayerMethod[LayerParams], OnePass[LayerParams]):
    """The fine lines of Guided Backpropagation where Grad-CAM sees the class.

    Formula: guided gradient · Grad-CAM, enlarged to the picture's size.
    """

    name = "guided-grad-cam"
    title = "Guided Grad-CAM"
    unit = "guided gradient × activation"
    signed = True
    paper = "Selvaraju et al. 2017, https://arxiv.org/abs/1610.02391"
    Params = LayerParams

    def check(self, model: PreparedModel) -> None:
        super().check(model)
        check_guided(model)

    def attribute(self, given: ModelInput, params: LayerParams) -> Attributed:
        assert isinstance(given, PictureInput)
        given.progress.plan(1)
        activation, gradient = activation_and_gradient(given, params.layer)
        grid = grad_cam_grid(activation, gradient).clamp_min(0)
        fine, _ = given.evaluator.all_gradients(given.inputs, guided(given.model))
        return Attributed(fine[0] * enlarge(grid, given.inputs.shape)[0])

    def together(
        self, model: PreparedModel, inputs: Tensor, score: Score, params: LayerParams
    ) -> Sequence[Attributed]:
        activation, gradient = layer_pass(model, inputs, score, params.layer)
        grids = grad_cam_grid(activation, gradient).clamp_min(0)
        fine, _ = gradient_of(guided(model), inputs, score)
        return [Attributed(values) for values in fine * enlarge(grids, inputs.shape)]


def layer_output(model: PreparedModel, inputs: Tensor, layer: str) -> tuple[Tensor, Tensor, Tape]:
    """The layer's output, (batch, channels, height, width), the logits, (batch, classes), and the
    tape that it was recorded on. The caller has the model's turn."""
    with capture(model.module, find_layer(model, layer).name) as tape, torch.no_grad():
        logits = model.module(inputs)
    return spatial(_of_each(tape.output, inputs, layer).detach()), logits, tape


def recorded(given: PictureInput, layer: str) -> tuple[Tensor, Tape]:
    """The layer's output, (channels, height, width), and the tape that it was recorded on."""
    given.progress.plan(1)
    find_layer(given.model, layer)  # the first time it takes a turn by itself
    with given.model.lock.turn():
        found, _, tape = layer_output(given.model, given.inputs, layer)
    given.progress.advance(1)
    return found[0], tape


def most_varying(activation: Tensor, count: int) -> tuple[Tensor, str]:
    """Numbers of at most `count` channels of (channels, height, width), those that vary most over
    the picture first; and a sentence where that leaves some out."""
    spread = activation.flatten(1).std(dim=1)
    chosen = spread.argsort(descending=True)[:count]
    tried, there = len(chosen), len(activation)
    note = f"{tried} of the layer's {there} channels were tried." if tried < there else ""
    return chosen, note


@register
class EigenCam(LayerMethod[LayerParams], OnePass[LayerParams]):
    """The strongest pattern in a layer's output, whatever class is asked: where the layer sees
    something at all. One evaluation, and no gradient that could vanish.

    Formula: A v_1, with A (places, channels) the layer's output and v_1 its first right singular
    vector, signed so that the sum over places is not negative; below 0 it is 0.
    """

    name = "eigen-cam"
    title = "Eigen-CAM"
    unit = "projected activation"
    signed = False
    paper = "Muhammad, Yeasin 2020, https://arxiv.org/abs/2008.00299"
    Params = LayerParams

    def attribute(self, given: ModelInput, params: LayerParams) -> Attributed:
        assert isinstance(given, PictureInput)
        activation, _ = recorded(given, params.layer)
        return self._pattern(activation, given.inputs, params.layer)

    def together(
        self, model: PreparedModel, inputs: Tensor, score: Score, params: LayerParams
    ) -> Sequence[Attributed]:
        activation, logits, _ = layer_output(model, inputs, params.layer)
        score(logits)
        return [self._pattern(row, inputs, params.layer) for row in activation]

    @staticmethod
    def _pattern(activation: Tensor, inputs: Tensor, layer: str) -> Attributed:
        """activation  (channels, height, width)"""
        places = activation.flatten(1).T.double()  # (places, channels)
        if not bool(places.isfinite().all()):
            raise Incompatible(f'the layer "{layer}" gives numbers that are not finite')
        first = torch.linalg.svd(places, full_matrices=False).Vh[0]
        found = (places @ first).reshape(1, 1, *activation.shape[1:]).to(activation.dtype)
        found = found * (1 if float(found.sum()) >= 0 else -1)
        return Attributed(enlarge(found.clamp_min(0), inputs.shape)[0], note=ANY_CLASS)


ANY_CLASS = "The map is the same for every class."
