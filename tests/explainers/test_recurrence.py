"""cuDNN is off where a gradient is wanted, and as it was afterwards, whoever leaves first."""

import torch

from dlexplain.explainers.recurrence import differentiable


def switches() -> tuple[bool, bool]:
    return torch.backends.cudnn.enabled, torch.backends.cudnn.allow_tf32


def test_two_that_leave_crosswise_leave_it_as_it_was() -> None:
    before = switches()
    first, second = differentiable(), differentiable()
    first.__enter__()
    second.__enter__()
    assert switches() == (False, before[1])
    first.__exit__(None, None, None)
    assert not torch.backends.cudnn.enabled
    second.__exit__(None, None, None)
    assert switches() == before


def test_without_gradients_it_stays_on() -> None:
    before = switches()
    with torch.no_grad(), differentiable():
        assert switches() == before
    with torch.inference_mode(), differentiable():
        assert switches() == before
