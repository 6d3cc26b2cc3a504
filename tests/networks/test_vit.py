"""Vision Transformer: shapes, what attention mixes, and the same answers as transformers' own."""

from typing import Any

import pytest
import torch
import transformers as hf
from torch import Tensor, nn

from dlexplain.errors import ParamError
from dlexplain.networks.base import ARCHITECTURES, PictureShape
from dlexplain.networks.modules.vit import VisionTransformer
from dlexplain.networks.vit import Params
from dlexplain.params import parse

SHAPE = PictureShape(3, 16, 5)
SMALL = {"width": 24, "heads": 3, "layers": 2, "feed_forward": 40}


def build(shape: PictureShape = SHAPE, **params: Any) -> VisionTransformer:
    torch.manual_seed(0)
    return VisionTransformer(shape, parse(Params, {**SMALL, **params})).eval()


@pytest.mark.parametrize("stem", ["patches", "convolutions"])
@pytest.mark.parametrize("pooling", ["first", "mean"])
@pytest.mark.parametrize(("channels", "side", "patch"), [(3, 16, 4), (1, 8, 2), (3, 32, 8)])
def test_shapes(stem: str, pooling: str, channels: int, side: int, patch: int) -> None:
    net = build(PictureShape(channels, side, 7), stem=stem, pooling=pooling, patch=patch)
    x = torch.randn(2, channels, side, side)
    logits, weights = net.attend(x)
    tokens = (side // patch) ** 2 + (pooling == "first")
    assert logits.shape == (2, 7)
    assert [tuple(layer.shape) for layer in weights] == [(2, 3, tokens, tokens)] * 2
    torch.testing.assert_close(logits, net(x))
    for layer in weights:
        torch.testing.assert_close(layer.sum(-1), torch.ones(2, 3, tokens))


def test_another_side_has_other_patches() -> None:
    net = build()
    logits, weights = net.attend(torch.randn(1, 3, 24, 24))
    assert logits.shape == (1, 5)
    assert weights[0].shape[-1] == 1 + 36


def test_reading_after_fewer_layers_is_a_network_of_fewer() -> None:
    net, x = build(), torch.randn(2, 3, 16, 16)
    logits, weights = net.attend(x, 1)
    assert len(weights) == 1
    net.blocks = nn.Sequential(net.blocks[0])
    torch.testing.assert_close(logits, net(x))


def test_every_parameter_that_learns_is_reached() -> None:
    net = build().train()
    net(torch.randn(4, 3, 16, 16)).square().sum().backward()
    still = [n for n, p in net.named_parameters() if p.grad is None or not bool(p.grad.any())]
    # The last layer's queries of patches are not read; a key's bias moves no weight of a softmax.
    assert [name for name in still if not name.endswith("attention.key.bias")] == []


def same_as_transformers(net: VisionTransformer) -> Any:
    """transformers' own ViT with the weights of this one."""
    config = hf.ViTConfig(
        hidden_size=24, num_hidden_layers=2, num_attention_heads=3, intermediate_size=40,
        image_size=16, patch_size=4, layer_norm_eps=1e-5, num_labels=5,
        attn_implementation="eager",
    )  # fmt: skip
    other = hf.ViTForImageClassification(config).eval()
    own = net.state_dict()
    places = own["places"].flatten(1).T  # (patches, width), row by row
    given: dict[str, Tensor] = {
        "cls_token": own["class_token"][None],
        "position_embeddings": torch.cat([torch.zeros(1, 24), places])[None],
        "projection.weight": own["stem.0.weight"],
        "projection.bias": own["stem.0.bias"],
        "layernorm.weight": own["norm.weight"],
        "layernorm.bias": own["norm.bias"],
        "classifier.weight": own["head.weight"],
        "classifier.bias": own["head.bias"],
    }
    for layer in range(2):
        for ours, theirs in NAMES.items():
            for kind in ("weight", "bias"):
                given[f".{layer}.{theirs}.{kind}"] = own[f"blocks.{layer}.{ours}.{kind}"]
    state, used = other.state_dict(), set()
    for name in state:
        (match,) = [end for end in given if name.endswith(end)]
        state[name] = given[match].reshape(state[name].shape)
        used.add(match)
    assert used == set(given)
    other.load_state_dict(state)
    return other


def names_in_transformers() -> dict[str, str]:
    """Ours to theirs, of what a block has; theirs as the installed release calls them."""
    config = hf.ViTConfig(**HF_SMALL)
    known = {n.rsplit(".", 1)[0] for n in hf.ViTForImageClassification(config).state_dict()}
    block = {n.split(".0.", 1)[1] for n in known if ".0." in n}

    def one(*ends: str) -> str:
        (found,) = [n for n in block if n.endswith(ends)]
        return found

    return {
        "attention_norm": one("layernorm_before"),
        "mlp_norm": one("layernorm_after"),
        "attention.query": one("query", "q_proj"),
        "attention.key": one("key", "k_proj"),
        "attention.value": one("value", "v_proj"),
        "attention.output": one("attention.output.dense", "o_proj"),
        "mlp.0": one("intermediate.dense", "fc1"),
        "mlp.3": next(
            n for n in block if n.endswith(("output.dense", "fc2")) and "attention" not in n
        ),
    }


HF_SMALL: dict[str, Any] = {
    "hidden_size": 24, "num_hidden_layers": 1, "num_attention_heads": 3, "intermediate_size": 40,
    "image_size": 16, "patch_size": 4,
}  # fmt: skip
NAMES = names_in_transformers()


def test_logits_and_attention_are_those_of_transformers() -> None:
    net, x = build(stem="patches"), torch.randn(2, 3, 16, 16)
    with torch.inference_mode():
        logits, weights = net.attend(x)
        theirs = same_as_transformers(net)(pixel_values=x, output_attentions=True)
    torch.testing.assert_close(logits, theirs.logits, atol=1e-5, rtol=0)
    for layer, other in zip(weights, theirs.attentions, strict=True):
        torch.testing.assert_close(layer, other, atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"width": 25}, "width 25 cannot be shared by 3 heads; a multiple is accepted"),
        ({"patch": 5}, "pictures of 16 pixels cannot be cut into patches of 5; a divisor"),
        ({"patch": 3, "side": 18}, "a power of 2 is accepted"),
    ],
)
def test_what_does_not_fit_is_told(params: dict[str, Any], said: str) -> None:
    shape = PictureShape(3, params.pop("side", 16), 5)
    with pytest.raises(ParamError, match=said):
        build(shape, **params)


def test_its_spec_says_what_can_be_seen() -> None:
    assert {"heads", "attention"} <= set(ARCHITECTURES["vit"].shows)
