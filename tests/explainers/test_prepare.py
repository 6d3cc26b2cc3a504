"""The optimised copy: the same function, the same names, no BatchNorm, no gradient of weights."""

import threading

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from dlexplain.explainers.prepare import fingerprint, prepare
from tests.tiny import RANGE, conv_net, explain, fixed, picture


def twin_of(net: nn.Module):
    return prepare(net, (3, 32, 32), RANGE)


def test_folding_keeps_the_function_and_the_names() -> None:
    net = conv_net()
    with torch.no_grad():
        expected = net.eval()(picture())
    ready = twin_of(net)
    assert ready.folded
    assert isinstance(ready.module[1], nn.Identity)
    assert [name for name, _ in ready.module.named_modules()] == [
        name for name, _ in net.named_modules()
    ]
    torch.testing.assert_close(ready.logits(picture()), expected, rtol=1e-4, atol=1e-5)
    assert ready.difference < 1e-5


def test_the_original_is_left_alone() -> None:
    net = conv_net().train()
    before = {key: value.clone() for key, value in net.state_dict().items()}
    twin_of(net)
    assert net.training
    assert all(p.requires_grad for p in net.parameters())
    assert isinstance(net[1], nn.BatchNorm2d)
    assert all((net.state_dict()[key] == value).all() for key, value in before.items())


def test_the_twin_is_frozen_in_eval_mode_and_works_in_no_place() -> None:
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(inplace=True), nn.Dropout())
    ready = twin_of(net)
    assert not any(p.requires_grad for p in ready.module.parameters())
    assert not any(m.training for m in ready.module.modules())
    assert not ready.module[1].inplace
    assert net[1].inplace


class ReadTwice(nn.Module):
    """The convolution's output is read by the BatchNorm and by the sum: it must not be folded."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)
        self.norm.running_mean.fill_(0.7)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv(x)
        return (self.norm(y) + y).mean(dim=(2, 3))


class UsedTwice(nn.Module):
    """One convolution at two places, a BatchNorm after one of them."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)
        self.norm.running_mean.fill_(0.7)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(self.norm(self.conv(x))).mean(dim=(2, 3))


class Untraceable(nn.Module):
    """Asks its input for a value, which a symbolic trace does not have."""

    def __init__(self) -> None:
        super().__init__()
        self.inside = conv_net()

    def forward(self, x: Tensor) -> Tensor:
        return self.inside(x if x.mean() > 100 else -x)


@pytest.mark.parametrize("kind", [ReadTwice, UsedTwice, Untraceable])
def test_what_cannot_be_folded_is_kept_and_right(kind: type[nn.Module]) -> None:
    torch.manual_seed(0)
    net = kind().eval()
    ready = twin_of(net)
    assert not ready.folded
    with torch.no_grad():
        torch.testing.assert_close(ready.logits(picture()), net(picture()))


def test_a_fold_that_changes_the_logits_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(model: nn.Module) -> int:
        model[0].weight.data *= 2
        return 1

    monkeypatch.setattr("dlexplain.explainers.prepare.fold_batch_norms", wrong)
    net = conv_net().eval()
    ready = twin_of(net)
    assert not ready.folded
    with torch.no_grad():
        torch.testing.assert_close(ready.logits(picture()), net(picture()), rtol=1e-4, atol=1e-5)


def test_a_fingerprint_tells_weights_and_architectures_apart() -> None:
    net = conv_net()
    assert fingerprint(net) == fingerprint(conv_net())
    assert fingerprint(net) != fingerprint(conv_net(nn.ReLU))
    net[0].weight.data[0, 0, 0, 0] += 1e-3
    assert fingerprint(net) != fingerprint(conv_net())


class Meanwhile(nn.Sequential):
    """While it is asked, another thread asks another model."""

    def forward(self, x: Tensor) -> Tensor:
        thread = threading.Thread(target=answer_elsewhere)
        thread.start()
        thread.join()
        return super().forward(x)


elsewhere = conv_net().eval()
answers: list[Tensor | Exception] = []


@torch.no_grad()
def answer_elsewhere() -> None:
    try:
        answers.append(elsewhere(picture()))
    except Exception as error:
        answers.append(error)


def test_preparing_a_model_does_not_disturb_others_that_answer() -> None:
    """fx patches every module's call in the process."""
    net = Meanwhile(*conv_net())
    answers.clear()
    assert twin_of(net).folded
    with torch.no_grad():
        expected = elsewhere(picture())
    assert len(answers) > 1
    for answer in answers:
        assert isinstance(answer, Tensor), answer
        torch.testing.assert_close(answer, expected)


class CountsOnInPlace(nn.Module):
    """The sum reads what the ReLU has written over: twice the ReLU, not x + ReLU(x)."""

    def __init__(self) -> None:
        super().__init__()
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        y = x * 1
        return (self.relu(y) + y).mean((2, 3))


def test_a_model_that_counts_on_working_in_place_keeps_its_answers() -> None:
    x = picture()
    torch.testing.assert_close(twin_of(CountsOnInPlace()).logits(x), 2 * x.relu().mean((2, 3)))


class OverItsInput(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.sub_(0.25).mul_(2).mean((2, 3))


@pytest.mark.parametrize("method", ["occlusion", "saliency", "integrated-gradients"])
def test_a_model_that_writes_over_its_input_is_given_a_copy(method: str) -> None:
    x = picture()
    kept = x.clone()
    found = explain(OverItsInput(), method, x)
    assert torch.equal(x, kept)
    expected = explain(OutOfPlace(), method, kept)
    np.testing.assert_allclose(found.values, expected.values, rtol=1e-5, atol=1e-8)


class OutOfPlace(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return ((x - 0.25) * 2).mean((2, 3))


def test_a_model_with_batch_statistics_is_asked_for_one_picture_at_a_time() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, track_running_stats=False), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3),
    ).eval()  # fmt: skip
    ready = twin_of(net)
    assert ready.coupled and not twin_of(conv_net()).coupled
    both = torch.cat([picture(0), picture(1)])
    with torch.no_grad():
        alone = torch.cat([net(picture(0)), net(picture(1))])
        assert not torch.allclose(net(both), alone, atol=1e-3)
    torch.testing.assert_close(ready.logits(both), alone)
    # One patch that covers all: what is lost is f(x) - f(black), whatever chunk was measured.
    found = explain(
        ready,
        "occlusion",
        picture(),
        chunks=fixed(ready, 8),
        window=16,
        stride=16,
        baseline="black",
    )
    corner = picture().clone()
    corner[..., :16, :16] = RANGE[0]
    with torch.no_grad():
        expected = float(net(picture())[0, 1] - net(corner)[0, 1])
    assert found.values[0, 0, 0] == pytest.approx(expected, abs=1e-5)


class Detached(nn.Module):
    """Leaves torch on the way, as another library does."""

    def __init__(self, how: str) -> None:
        super().__init__()
        self.inside, self.how = conv_net(), how

    def forward(self, x: Tensor) -> Tensor:
        values = x.numpy() if self.how == "refuses" else x.detach().numpy()
        return self.inside(torch.from_numpy(values))


@pytest.mark.parametrize("how", ["refuses", "detaches"])
def test_scores_without_a_gradient_are_seen(how: str) -> None:
    assert twin_of(conv_net()).differentiable
    ready = twin_of(Detached(how).eval())
    assert not ready.differentiable
    with torch.no_grad():
        torch.testing.assert_close(ready.logits(picture()), conv_net().eval()(picture()))
