"""Learning from a teacher that reads texts: its answers, its last hidden state, the joint loss.

Hinton et al. 2015, https://arxiv.org/abs/1503.02531, for the answers; for the hidden state Romero
et al., "FitNets: Hints for Thin Deep Nets", 2015, https://arxiv.org/abs/1412.6550 (squared
difference through a learnt map), and Sanh et al., "DistilBERT", 2019,
https://arxiv.org/abs/1910.01108 (cosine).
"""

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dlexplain.errors import BadInput
from dlexplain.networks.modules.language import Output, State
from dlexplain.networks.modules.text_shapes import PAD
from dlexplain.tasks.modules.distilling import distillation_loss

AT_ONCE = 64
"""Texts that a teacher reads at once."""


class Answer(NamedTuple):
    """What a network says and the state from which its last layer says it.

    logits  (..., classes);  state  (..., width), None where it is not asked for
    """

    logits: Tensor
    state: Tensor | None = None


class HowTaught(Protocol):
    """A task's parameters of its teacher, see dlexplain.tasks.teaching."""

    @property
    def teacher_share(self) -> float: ...
    @property
    def hidden(self) -> str: ...
    @property
    def hidden_weight(self) -> float: ...


class LastState:
    """Within `with`, keeps what a network's last layer reads at its first call."""

    def __init__(self, network: nn.Module, outputs: int) -> None:
        """outputs  of the last layer; raises BadInput where no layer has so many."""
        self.layer = _last_layer(network, outputs)
        self.state: Tensor | None = None
        self._handle: Any = None

    def __enter__(self) -> "LastState":
        self.state = None
        self._handle = self.layer.register_forward_pre_hook(self._keep)
        return self

    def __exit__(self, *error: object) -> None:
        self._handle.remove()

    def _keep(self, layer: nn.Module, given: tuple[Any, ...]) -> None:
        if self.state is None:
            self.state = given[0]


def _last_layer(network: nn.Module, outputs: int) -> nn.Module:
    found = [
        module
        for module in network.modules()
        if isinstance(module, Output)
        or (isinstance(module, nn.Linear) and module.out_features == outputs)
    ]
    if not found:
        raise BadInput(
            f"a {type(network).__name__} has no last layer of {outputs} outputs whose state could "
            "be learned; hidden=none learns from the answers alone"
        )
    return found[-1]


def state_width(network: nn.Module, outputs: int) -> int:
    """Numbers of the state that the last layer reads; raises BadInput as LastState."""
    training, device = network.training, next(network.parameters()).device
    with torch.no_grad(), LastState(network.eval(), outputs) as last:
        network(torch.ones(1, 2, dtype=torch.long, device=device))
    network.train(training)
    assert last.state is not None
    return int(last.state.shape[-1])


def bridge(
    student: nn.Module, teacher: nn.Module, outputs: int, how: HowTaught
) -> nn.Module | None:
    """From the student's last state to the teacher's, None where it is not learned: a linear map
    that is learned along where the widths differ."""
    if how.hidden == "none":
        return None
    widths = state_width(student, outputs), state_width(teacher, outputs)
    return nn.Identity() if widths[0] == widths[1] else nn.Linear(*widths)


def beside(network: nn.Module, link: nn.Module | None) -> nn.Module:
    """What the optimiser moves: the network, and the map to the teacher's state."""
    return network if link is None else nn.ModuleList([network, link])


def kept_state(network: nn.Module, outputs: int, wanted: bool) -> Any:
    """Around a call: a LastState where it is wanted, else nothing."""
    return LastState(network, outputs) if wanted else nullcontext()


class TextTeacher:
    """A trained network that answers without learning.

    No module, so that a student's checkpoint does not hold it; a copy of the student, as measuring
    makes, asks the same one.
    """

    def __init__(self, network: nn.Module, outputs: int, hidden: bool) -> None:
        self.network = network.eval().requires_grad_(False)
        self.outputs, self.hidden = outputs, hidden

    def __deepcopy__(self, memo: object) -> "TextTeacher":
        return self

    def __call__(self, ids: Tensor) -> Answer:
        """(batch, time) ids of its own tokens -> logits (batch, classes)"""
        return self._asked(ids)[0]

    def read_on(self, ids: Tensor, before: State | None) -> tuple[Answer, State]:
        """Of a language model: (batch, time) ids -> logits (batch, time, vocabulary), and the
        state from which the next ids are read."""
        answer, after = self._asked(ids, before)
        return answer, after

    def _asked(self, ids: Tensor, *before: State | None) -> tuple[Answer, Any]:
        if next(self.network.parameters()).device != ids.device:
            self.network = self.network.to(ids.device)
        with torch.no_grad(), kept_state(self.network, self.outputs, self.hidden) as last:
            said = self.network(ids, *before)
        logits, after = said if isinstance(said, tuple) else (said, None)
        state = last.state.float() if last is not None else None
        return Answer(logits.float(), state), after


class RememberedTexts:
    """A teacher's answers to texts, each asked for once, with the teacher's own tokens.

    ids  (texts, time) of the training part, PAD behind the end
    """

    def __init__(self, teacher: TextTeacher, ids: Tensor) -> None:
        self.teacher, self.ids = teacher, ids
        self.answers: dict[int, Answer] = {}

    def __deepcopy__(self, memo: object) -> "RememberedTexts":
        return self

    def __call__(self, places: Tensor, device: torch.device) -> Answer:
        """(count,) places of texts -> their answers"""
        asked = places.tolist()
        new = sorted({place for place in asked if place not in self.answers})
        for first in range(0, len(new), AT_ONCE):
            some = new[first : first + AT_ONCE]
            ids = self.ids[torch.tensor(some)]
            ids = ids[:, : int((ids != PAD).sum(1).max())].to(device)
            logits, state = self.teacher(ids)
            states: Sequence[Tensor | None] = (
                [None] * len(some) if state is None else state.unbind()
            )
            pairs = zip(some, logits.unbind(), states, strict=True)
            self.answers |= {place: Answer(logit, own) for place, logit, own in pairs}
        found = [self.answers[place] for place in asked]
        kept = [answer.state for answer in found if answer.state is not None]
        return Answer(
            torch.stack([answer.logits for answer in found]),
            torch.stack(kept) if kept else None,
        )


def state_distance(state: Tensor, taught: Tensor, kind: str) -> Tensor:
    """(..., width) each -> the mean of 1 - cos(state, taught), 0 to 2, or of the squared
    differences ("mse")."""
    if kind == "cosine":
        return (1 - F.cosine_similarity(state, taught, dim=-1)).mean()
    return F.mse_loss(state, taught)


def taught_loss(
    how: HowTaught, temperature: float, labels: Tensor, said: Answer, taught: Answer
) -> tuple[Tensor, dict[str, Tensor]]:
    """share T² KL(teacher || student) + (1 - share) labels + weight distance of the states; and
    its parts, to be logged.

    labels  the loss of the labels;  said  logits (count, classes), and the student's state as it
    lies beside the teacher's
    """
    distance = distillation_loss(said.logits, taught.logits, temperature)
    share = how.teacher_share
    loss = share * distance + (1 - share) * labels
    numbers = {"distillation": distance.detach(), "label_loss": labels.detach()}
    if said.state is not None and taught.state is not None:
        apart = state_distance(said.state, taught.state, how.hidden)
        numbers["hidden_distance"] = apart.detach()
        loss = loss + how.hidden_weight * apart
    return loss, numbers
