"""A model's twin: it answers as the model does, and waits for no explanation of it."""

import threading

import pytest
import torch
from torch import nn

from dlexplain.explainers.capture import capture
from dlexplain.explainers.fair_lock import computing
from dlexplain.explainers.twin import twin_of
from tests.tiny import conv_net, picture, prepared


def test_a_twin_has_the_same_weights_and_modules_of_its_own() -> None:
    model = conv_net().eval()
    twin = twin_of(model)
    for (name, one), (other_name, other) in zip(
        model.state_dict().items(), twin.state_dict().items(), strict=True
    ):
        assert (name, one.data_ptr()) == (other_name, other.data_ptr())
    assert not {*model.modules()} & {*twin.modules()}
    assert torch.equal(twin(picture()), model(picture()))


def test_it_answers_in_the_midst_of_another_ones_turn() -> None:
    model, x = prepared(conv_net()), picture()
    expected = model.logits(x)
    assert torch.equal(model.answer(x), expected)
    layer = next(name for name, part in model.module.named_modules() if "Conv" in str(type(part)))
    with model.lock.turn(), capture(model.module, layer) as tape:
        answers: list[torch.Tensor] = []
        thread = threading.Thread(target=lambda: answers.append(model.answer(x)))
        thread.start()
        thread.join(10)
        assert not thread.is_alive()
        assert computing() == {"waiting": 0, "running": 1}
    assert torch.equal(answers[0], expected)
    assert tape.calls == 0  # the other one's hooks have not seen the picture


@pytest.mark.parametrize("coupled", [False, True])
def test_pictures_that_depend_on_each_other_are_asked_for_one_by_one(coupled: bool) -> None:
    together = nn.Sequential(nn.BatchNorm2d(3, track_running_stats=False), *conv_net())
    model = prepared(together if coupled else conv_net())
    two = torch.cat([picture(0), picture(1)])
    assert model.coupled is coupled
    assert torch.equal(model.answer(two), model.logits(two))
