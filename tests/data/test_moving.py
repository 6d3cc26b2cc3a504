"""What is queued for a device arrives as it is."""

import pytest
import torch

from dlexplain.data.augment import queued


def test_on_the_cpu_nothing_is_copied() -> None:
    some = torch.arange(5)
    assert queued(some, torch.device("cpu")) is some


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_on_a_gpu_it_arrives_as_it_is_whatever_follows() -> None:
    for step in range(200):  # a freed buffer that was taken again too early would show
        some = torch.full((1000,), step)
        assert bool((queued(some, torch.device("cuda")) == step).all())
