"""Attention of pictures: what a trial finds of a model, rollout, gradients, LeGrad by hand."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from dlexplain.errors import Incompatible
from dlexplain.explainers import methods  # noqa: F401, registers
from dlexplain.explainers.attention import attention
from dlexplain.explainers.base import METHODS
from dlexplain.explainers.batching import BatchSizes, Target
from dlexplain.explainers.inputs.picture import PictureInput
from dlexplain.explainers.patches import patches_of
from dlexplain.explainers.prepare import PreparedModel, prepare
from dlexplain.explainers.progress import Progress
from dlexplain.networks.base import PictureShape
from dlexplain.networks.modules.vit import Block, VisionTransformer
from dlexplain.networks.vit import Params
from dlexplain.params import parse
from dlexplain.services.loading import load
from dlexplain.services.pictures.models import LoadedModel
from tests.own_pictures import save

SIDE = 16


def vit(**params: Any) -> tuple[VisionTransformer, PreparedModel]:
    torch.manual_seed(0)
    wanted = {"width": 24, "heads": 3, "layers": 3, "feed_forward": 40, **params}
    net = VisionTransformer(PictureShape(3, SIDE, 4), parse(Params, wanted)).eval()
    for parameter in net.parameters():  # fresh ones look everywhere alike
        nn.init.normal_(parameter, std=0.3) if parameter.dim() > 1 else None
    return net, prepare(net, (3, SIDE, SIDE), (0.0, 1.0))


def run(model: PreparedModel, method: str, x: Tensor, target: Target) -> Tensor:
    given = PictureInput(model, target, Progress(), BatchSizes(), x)
    found = METHODS[method].explain(given, METHODS[method].request("picture"))
    return torch.from_numpy(found.values)


def saved(name: str, folder: Path) -> LoadedModel:
    save(name, folder / name)
    return load(LoadedModel, str(folder / name))


def picture() -> Tensor:
    return torch.rand((1, 3, SIDE, SIDE), generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(("pooling", "front", "read"), [("first", 1, 1), ("mean", 0, 16)])
def test_what_stands_in_front_and_what_is_read_are_measured(
    pooling: str, front: int, read: int
) -> None:
    found = patches_of(vit(pooling=pooling)[1])
    assert (found.front, found.side, found.layers, found.heads) == (front, 4, 3, 3)
    assert int(found.read.sum()) == read


FOUND = {"vit": (1, 1), "deit": (2, 1), "beit": (1, 16), "dinov2": (5, 17)}
"""Tokens in front, and how many are read; of 4 × 4 patches."""


@pytest.mark.parametrize("name", FOUND)
def test_foreign_models_give_their_own_attention(name: str, tmp_path: Path) -> None:
    model = saved(name, tmp_path)
    found = patches_of(model.prepared)
    front, read = FOUND[name]
    assert (found.front, found.side, found.layers, found.heads) == (front, 4, 2, 4)
    assert int(found.read.sum()) == read
    x = model.prepared.trial(1)
    network: Any = model.prepared.module
    with torch.inference_mode():
        theirs = network.model(pixel_values=network._colours(x), output_attentions=True)
        last, _ = network.attend(x, 2)
    for ours, layer in zip(attention(model.prepared, x), theirs.attentions, strict=True):
        torch.testing.assert_close(ours, layer[0], atol=1e-5, rtol=0)
    torch.testing.assert_close(last, theirs.logits)


def test_a_foreign_model_is_read_after_fewer_layers(tmp_path: Path) -> None:
    model = saved("vit", tmp_path)
    network: Any = model.prepared.module
    x = model.prepared.trial(1)
    with torch.inference_mode():
        logits, weights = network.attend(x, 1)
        blocks = network._blocks()
        (owner,) = [
            m for m in network.modules() for c in m.children()
            if isinstance(c, nn.ModuleList) and len(c) and c[0] is blocks[0]
        ]  # fmt: skip
        (name,) = [n for n, c in owner.named_children() if isinstance(c, nn.ModuleList)]
        whole = getattr(owner, name)
        setattr(owner, name, whole[:1])
        expected = network(x)
        setattr(owner, name, whole)
    assert len(weights) == 1
    torch.testing.assert_close(logits, expected)


@pytest.mark.parametrize("name", ["convnext", "resnet", "swin", "mobilevit"])
def test_models_without_such_attention_say_so(name: str, tmp_path: Path) -> None:
    model = saved(name, tmp_path)
    for method in ("attention-rollout", "gradient-attention", "legrad"):
        assert not METHODS[method].is_compatible(model.prepared)
    with pytest.raises(Incompatible, match="no attention that can be shown"):
        patches_of(model.prepared)


def test_rollout_is_the_product_by_hand() -> None:
    net, model = vit()
    x = picture()
    with torch.inference_mode():
        _, weights = net.attend(x)
    joined = torch.eye(17)
    for layer in weights:
        joined = (layer[0].mean(0) / 2 + torch.eye(17) / 2) @ joined
    grid = joined[0, 1:].reshape(1, 1, 4, 4)
    expected = nn.functional.interpolate(grid, size=(SIDE, SIDE), mode="bilinear")[0]
    torch.testing.assert_close(run(model, "attention-rollout", x, Target(0, None)), expected)


def with_weights(block: Block, tokens: Tensor, weights: Tensor) -> Tensor:
    """A block's output where its attention is given, by its formula."""
    values = block.attention.split(block.attention.value(block.attention_norm(tokens)))
    joined = (weights @ values).transpose(1, 2).flatten(2)
    tokens = tokens + block.attention.output(joined)
    return tokens + block.mlp(block.mlp_norm(tokens))


@pytest.mark.parametrize("contrast", [None, 3])
def test_legrad_is_its_formula(contrast: int | None) -> None:
    net, model = vit()
    x, target = picture(), Target(2, contrast)
    found = []
    tokens = net._tokens(x)
    for block in net.blocks:
        assert isinstance(block, Block)
        with torch.no_grad():
            after, weights = block.attend(tokens)
        weights.requires_grad_()
        logits = net.head(net.norm(with_weights(block, tokens.detach(), weights))[:, 0])
        score = logits[0, 2] - (0 if contrast is None else logits[0, contrast])
        (gradient,) = torch.autograd.grad(score, weights)
        found.append(gradient[0].clamp_min(0).mean((0, 1)))
        tokens = after
    grid = torch.stack(found).mean(0)[1:].reshape(1, 1, 4, 4).detach()
    expected = nn.functional.interpolate(grid, size=(SIDE, SIDE), mode="bilinear")[0]
    torch.testing.assert_close(run(model, "legrad", x, target), expected, atol=1e-6, rtol=1e-4)


def test_gradient_attention_follows_the_score() -> None:
    """Of one layer: the class token's row of E[max(0, A ⊙ ∂f/∂A)]."""
    net, model = vit(layers=1)
    x = picture()
    tokens = net._tokens(x).detach()
    (block,) = net.blocks
    assert isinstance(block, Block)
    with torch.no_grad():
        _, weights = block.attend(tokens)
    weights.requires_grad_()
    score = net.head(net.norm(with_weights(block, tokens, weights))[:, 0])[0, 1]
    (gradient,) = torch.autograd.grad(score, weights)
    grid = (weights * gradient)[0].clamp_min(0).mean(0)[0, 1:].reshape(1, 1, 4, 4).detach()
    expected = nn.functional.interpolate(grid, size=(SIDE, SIDE), mode="bilinear")[0]
    found = run(model, "gradient-attention", x, Target(1, None))
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-4)
