"""Cases whose right answers are known by hand."""

import torch
from torch import Tensor, nn

import dlexplain.evaluation.metrics
import dlexplain.explainers.methods  # noqa: F401, these two register theirs
from dlexplain.evaluation.base import METRICS
from dlexplain.evaluation.case import Case
from dlexplain.explainers.base import METHODS
from dlexplain.explainers.batching import BatchSizes, Target
from dlexplain.explainers.inputs.base import ModelInput
from dlexplain.explainers.inputs.picture import PictureInput
from dlexplain.explainers.inputs.series import SeriesInput
from dlexplain.explainers.inputs.text import TextInput
from dlexplain.explainers.prepare import fingerprint, prepare
from dlexplain.explainers.progress import Progress
from dlexplain.explainers.series_model import PreparedSeries
from dlexplain.explainers.text_model import PreparedText
from dlexplain.params import Value
from dlexplain.results.quality import Measurement

SIDE = 12


class LinearPictures(nn.Module):
    """Two classes whose logits are ±(weights · x), pixels in black having no part in them."""

    def __init__(self, weights: Tensor) -> None:
        super().__init__()
        self.weights = nn.Parameter(weights)  # (channels, height, width)

    def forward(self, x: Tensor) -> Tensor:
        score = (x * self.weights).flatten(1).sum(1)
        return torch.stack([score, -score], 1)


def weights_of_pictures(seed: int = 0, scale: float = 0.1) -> Tensor:
    return scale * torch.randn((3, SIDE, SIDE), generator=torch.Generator().manual_seed(seed))


def picture(seed: int = 0) -> Tensor:
    return torch.rand((1, 3, SIDE, SIDE), generator=torch.Generator().manual_seed(100 + seed))


def picture_input(module: nn.Module, inputs: Tensor, target: int = 0) -> PictureInput:
    ready = prepare(module, tuple(inputs.shape[1:]), (0.0, 1.0))
    return PictureInput(ready, Target(target), Progress(), BatchSizes(), inputs)


def linear_case(values: Tensor | None = None, seed: int = 0, signed: bool = True) -> Case:
    """A linear model of pictures; by default with its exact attribution, weights times x."""
    weights, inputs = weights_of_pictures(), picture()
    given = picture_input(LinearPictures(weights), inputs)
    exact = weights * inputs[0]
    return Case(given, exact if values is None else values, signed, seed=seed)


def series_input(weights: Tensor) -> SeriesInput:
    """A linear forecaster of one number; weights (window, series)."""

    class Linear(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weights = nn.Parameter(weights)

        def forward(self, x: Tensor) -> Tensor:
            return (x * self.weights).flatten(1).sum(1, keepdim=True)

    window, series = weights.shape
    ready = PreparedSeries(Linear().eval(), torch.device("cpu"), "linear", (window, series))
    x = torch.randn((1, window, series), generator=torch.Generator().manual_seed(7))
    earlier = torch.randn((4, window, series), generator=torch.Generator().manual_seed(8))
    return SeriesInput(ready, Target(0), Progress(), BatchSizes(), x, earlier)


class SmallNet(nn.Module):
    """Two convolutions, a pool and a linear layer; a convolution more or less is no matter."""

    def __init__(self, padding: int = 1, norm: bool = False) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 8, 3, padding=padding)
        self.norm = nn.BatchNorm2d(8) if norm else nn.Identity()
        self.second = nn.Conv2d(8, 8, 3, padding=1)
        self.last = nn.Linear(8, 4)

    def forward(self, x: Tensor) -> Tensor:
        grid = torch.relu(self.second(torch.relu(self.norm(self.first(x)))))
        logits: Tensor = self.last(grid.mean((2, 3)))
        return logits


def small_net(seed: int = 0, padding: int = 1, norm: bool = False) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        net = SmallNet(padding, norm)
        for parameter in net.parameters():
            parameter.data *= 3
        return net.eval()


def explained(given: ModelInput, method: str, seed: int = 0, **params: Value) -> Case:
    """A case of what a method shows of an input."""
    found = METHODS[method]
    request = found.request(given.modality.name, params)
    values = torch.from_numpy(found.explain(given, request).values)
    return Case(given, values, found.is_signed(request.params), found, request, seed=seed)


def judged(name: str, case: Case, **params: Value) -> Measurement:
    metric = METRICS[name]
    return metric.judge(case, metric.params(params)).found


def small_case(method: str, seed: int = 0, **params: Value) -> Case:
    """Of a small network of pictures."""
    return explained(picture_input(small_net(), picture(seed)), method, seed, **params)


class Reader(nn.Module):
    """Word vectors, a hidden layer, their sum, two classes; a text of ids, 0 behind its end."""

    marks = 0

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(8, 6)
        self.hidden = nn.Linear(6, 5)
        self.last = nn.Linear(5, 2)

    def embed(self, x: Tensor) -> Tensor:
        vectors: Tensor = self.table(x)
        return vectors

    def read_vectors(self, vectors: Tensor, mask: Tensor) -> Tensor:
        states = torch.tanh(self.hidden(vectors)) * mask[..., None]
        logits: Tensor = self.last(states.sum(1))
        return logits

    def forward(self, x: Tensor) -> Tensor:
        return self.read_vectors(self.embed(x), x != 0)


def text_input(ids: tuple[int, ...] = (3, 5, 2, 7, 4), seed: int = 0) -> TextInput:
    """One token a word."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = Reader().eval().requires_grad_(False)
    ready = PreparedText(
        network, torch.device("cpu"), fingerprint(network), pad=0, blank=1, attends=False,
        reads="mean",
    )  # fmt: skip
    places = torch.arange(len(ids))
    words = tuple(f"word{i}" for i in ids)
    return TextInput(ready, Target(1), Progress(), BatchSizes(), torch.tensor([ids]), places, words)
