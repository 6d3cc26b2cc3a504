"""Values worked out in numbers equal torch's: convolution and pooling, cells, attention heads."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dlexplain.data.samples import read_sample
from dlexplain.errors import Incompatible, ParamError, UnknownName, WeightsError
from dlexplain.execution import paths
from dlexplain.execution.spec import RunSpec
from dlexplain.networks.modules.rnn_lm import RecurrentLM
from dlexplain.networks.modules.transformer_lm import TransformerLM
from dlexplain.services.layers.cell_steps import cell_step
from dlexplain.services.layers.feature_maps import feature_maps
from dlexplain.services.layers.head_steps import head_step
from dlexplain.services.layers.listing import input_of, plain
from dlexplain.services.layers.stepping import convolutions, step_through
from dlexplain.services.loading import load
from dlexplain.services.pictures.models import LoadedModel
from dlexplain.settings import settings
from dlexplain.trained.catalogue import entries
from tests.finished import states
from tests.writers import TEXT, writer

CAT = read_sample("chelsea")
PLACES = [(0, 0, 0), (3, 5, 2), (7, 3, 3)]


@pytest.mark.parametrize("name", ["digits-cnn", "cifar10-cnn-tanh", "cifar10-cnn-sigmoid"])
@pytest.mark.parametrize("unit", PLACES)
def test_a_stepped_convolution_equals_torchs(name: str, unit: tuple[int, int, int]) -> None:
    """Of the first layer, by F.conv2d in float64; the later ones against the model's own maps."""
    model = load(LoadedModel, name)
    found = step_through(model, CAT, "features.0", *unit)
    layer = plain(model).module.features[0]
    bias = None if layer.bias is None else layer.bias.double()
    x = input_of(model, CAT).double()
    expected = F.conv2d(x, layer.weight.double(), bias, padding=1)[0][unit]
    assert found.convolution.value == pytest.approx(float(expected), abs=1e-12)
    assert float(found.convolution.sums.sum()) + found.convolution.bias == pytest.approx(
        found.convolution.value
    )
    assert found.difference < 1e-5
    kinds = [stage.kind for stage in found.stages]
    pool = kinds[-1]
    assert kinds[:-1] in (["activation"], ["norm", "activation"])
    before, after = found.stages[-2], found.stages[-1]
    _, row, column = unit
    maps = feature_maps(model, CAT, before.layer).values[unit[0]].astype(np.float64)
    window = maps[row // 2 * 2 : row // 2 * 2 + 2, column // 2 * 2 : column // 2 * 2 + 2]
    np.testing.assert_array_equal(after.window, window)
    assert after.value == (window.max() if pool == "maximum" else window.mean())
    assert (after.row, after.column) == (row // 2, column // 2)


def test_norm_and_activation_by_hand() -> None:
    model = load(LoadedModel, "digits-cnn")
    found = step_through(model, CAT, "features.4", 5, 1, 2)
    layer = plain(model).module.features[5]
    norm, act, pool = found.stages
    value = (found.convolution.value - float(layer.running_mean[5])) / np.sqrt(
        float(layer.running_var[5]) + layer.eps
    ) * float(layer.weight[5]) + float(layer.bias[5])
    assert norm.value == pytest.approx(value, abs=1e-6)
    assert act.value == pytest.approx(max(0.0, value), abs=1e-5)
    assert act.formula == "max(0, x)"
    assert (pool.row, pool.column) == (0, 1)
    assert "flatten" in found.ended


@pytest.mark.parametrize("layer", ["stem.conv", "blocks.0.depthwise.conv", "blocks.5.expand.conv"])
@pytest.mark.parametrize("corner", [0, -1])
def test_padding_strides_and_groups_are_the_models_own(layer: str, corner: int) -> None:
    model = load(LoadedModel, "efficientnet-lite0")
    side = feature_maps(model, CAT, layer).values.shape[1]
    place = corner % side
    found = step_through(model, CAT, layer, 4, place, side // 2)
    assert found.difference < 2e-5
    assert (
        found.convolution.model_value == feature_maps(model, CAT, layer).values[4, place, side // 2]
    )
    if layer == "blocks.0.depthwise.conv":
        assert found.convolution.inputs == (4,)
        assert found.convolution.patch.shape == (1, 3, 3)
    elif layer == "stem.conv":  # TensorFlow's padding stands at the right and bottom
        assert found.convolution.top == 2 * place
        assert (found.convolution.patch[:, -1] == 0).all() == (corner == -1)


def test_what_cannot_be_stepped_through_is_told() -> None:
    with pytest.raises(ParamError, match='"features.2" is a ReLU; a layer of kind Conv2d is'):
        step_through("digits-cnn", CAT, "features.2")
    with pytest.raises(ParamError, match="channel 99 is not there; 0 to 31"):
        step_through("digits-cnn", CAT, "features.0", 99)
    assert convolutions(load(LoadedModel, "digits-cnn")) == ("features.0", "features.4")


def torch_cell(layer: nn.Module) -> nn.RNNCell | nn.LSTMCell | nn.GRUCell:
    """torch's cell with the same weights."""
    kinds = {nn.RNN: nn.RNNCell, nn.LSTM: nn.LSTMCell, nn.GRU: nn.GRUCell}
    cell = kinds[type(layer)](layer.input_size, layer.hidden_size).double()
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    cell.load_state_dict({name: getattr(layer, f"{name}_l0") for name in names})
    return cell


@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("unit", [0, 5])
@pytest.mark.parametrize("last", [False, True])
@torch.no_grad()
def test_a_step_equals_torchs_cell(kind: str, unit: int, last: bool) -> None:
    model = writer(kind)
    network = model.network
    assert isinstance(network, RecurrentLM)
    layer = len(network.layers) - 1 if last else 0
    place = 6
    x = network.embedding(model.ids(model.codec.encode(TEXT)))
    for below in network.layers[:layer]:
        x, _ = below(x)
    cell = torch_cell(network.layers[layer])
    state: Tensor | tuple[Tensor, Tensor] | None = None
    history = []
    for row in x[0, : place + 2]:
        state = cell(row[None], state)
        history.append(state)
    found = cell_step(model, TEXT, place, layer, unit)
    hidden, before = (s[0] if isinstance(s, tuple) else s for s in (history[-1], history[-2]))
    assert found.after["hidden"] == pytest.approx(float(hidden[0, unit]), abs=1e-12)
    assert found.before["hidden"] == pytest.approx(float(before[0, unit]), abs=1e-12)
    assert found.model_after == pytest.approx(found.after["hidden"], abs=1e-12)
    if kind == "lstm":
        assert found.after["cell"] == pytest.approx(float(history[-1][1][0, unit]), abs=1e-12)
        assert found.before["cell"] == pytest.approx(float(history[-2][1][0, unit]), abs=1e-12)
    for gate in found.gates:
        total = gate.from_input.sum() + gate.from_past.sum() + gate.bias
        assert gate.total == pytest.approx(float(total), abs=1e-12)
    assert "".join(found.tokens) == TEXT


@pytest.mark.parametrize("name", ["ptb-rnn", "ptb-lstm", "ptb-gru"])
def test_a_step_of_the_zoos_models_equals_their_own(name: str) -> None:
    found = cell_step(name, "the company said it expects a loss", 4, 0, 3)
    assert found.after["hidden"] == pytest.approx(found.model_after, abs=1e-5)


def test_what_a_cell_lacks_is_told() -> None:
    with pytest.raises(Incompatible, match="transformer is no recurrent network"):
        cell_step(writer("transformer"), TEXT)
    with pytest.raises(ParamError, match="unit 8 is not there; 0 to 7 are accepted"):
        cell_step(writer("gru"), TEXT, 0, 0, 8)
    with pytest.raises(ParamError, match="layer 1 is not there; 0 to 0"):
        cell_step(writer("gru"), TEXT, 0, 1)


@torch.no_grad()
def test_a_head_of_a_writer_equals_the_networks_own() -> None:
    model = writer("transformer")
    network = model.network
    assert isinstance(network, TransformerLM)
    ids = model.ids(model.codec.encode(TEXT)[:9])
    seen: list[Tensor] = []
    hook = network.blocks[1].attention.join.register_forward_pre_hook(
        lambda _module, given: seen.append(given[0])
    )
    weights = network.attention(ids)[1][0]
    hook.remove()
    pieces = "".join(model.codec.pieces(ids[0, 1:].tolist()))
    for head in range(2):
        found = head_step(model, pieces, 1, head, 7)
        np.testing.assert_allclose(found.weights, weights[head, 7].numpy(), atol=1e-6)
        np.testing.assert_allclose(found.model_weights, found.weights, atol=1e-6)
        own = seen[0][0, 7].view(2, -1)[head]
        np.testing.assert_allclose(found.seen, own.numpy(), atol=1e-9)
        assert found.weights[8:].max() == 0  # what is to come
    assert found.tokens[0] == "[start]"


@pytest.mark.parametrize(
    "name", [entry.name for entry in entries("classify-text", "language-model", shows="heads")]
)
def test_heads_of_the_zoos_models_equal_their_own(name: str) -> None:
    found = head_step(name, "the company said it was a dull but charming film", 0, 1, 3)
    np.testing.assert_allclose(found.weights, found.model_weights, atol=1e-5)
    assert found.weights.sum() == pytest.approx(1)
    np.testing.assert_allclose(
        found.scores, found.keys @ found.query / np.sqrt(len(found.query)) + found.bias
    )
    assert found.to_dict()["tokens"] == found.tokens


def test_what_a_model_of_heads_lacks_is_told() -> None:
    with pytest.raises(UnknownName, match='"ptb-rnn" shows no heads; known: .*sst2-minilm'):
        head_step("ptb-rnn", "a text")
    with pytest.raises(ParamError, match="head 9 is not there; 0 to 3"):
        head_step("sst2-transformer", "a text", 0, 9)
    with pytest.raises(ParamError, match="token 2 is not there; 0 to 1"):
        head_step("sst2-transformer", "a text", 0, 0, 2)
    with pytest.raises(Incompatible, match="no Transformer whose heads are known"):
        head_step(writer("rnn"), TEXT)


def test_a_run_whose_card_is_damaged_takes_nothing_away_and_is_told() -> None:
    spec = RunSpec(task="language-model", model="transformer-lm", data="ptb")
    before, run = entries("classify-text", "language-model", shows="heads"), states().add(spec).id
    states().move(run, "running", "a test")
    states().move(run, "finished", "a test")
    paths.run_folder(settings().home, run).mkdir(parents=True)
    paths.card_file(settings().home, run).write_text("{")
    listed = entries("classify-text", "language-model", shows="heads")
    assert [entry for entry in listed if entry.name != run] == list(before)
    with pytest.raises(WeightsError, match=f"card.json of run {run} cannot be read"):
        head_step(run, TEXT)
    states().delete(run)
