"""The network of a trained model: its architecture from the card, its weights read strictly."""

from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, load_file
from torch import Tensor, nn

import dlexplain.networks
import dlexplain.tasks  # noqa: F401, these two register what a card can name
from dlexplain.compression.modules.base import STRUCTURE, restored
from dlexplain.errors import BadInput, CheckpointError, WeightsError
from dlexplain.execution.checkpoints import read_checkpoint
from dlexplain.networks.base import ARCHITECTURES, NO_FILES
from dlexplain.networks.modules.adapters import merged_state
from dlexplain.networks.modules.base import KeepsPart, kept_state, shared_weights
from dlexplain.networks.modules.group_norm import with_group_norms
from dlexplain.params import parse
from dlexplain.server_files import check_regular
from dlexplain.tasks.base import TASKS
from dlexplain.tasks.private import is_private
from dlexplain.tasks.transfer import Params
from dlexplain.trained.folder import CHECKPOINT, Trained
from dlexplain.trained.heads import Head
from dlexplain.trained.stored_weights import unpack

PREFIX = "network."
"""Of the network's weights in a checkpoint of the whole task."""


def load_network(model: Trained) -> nn.Module:
    """In eval mode, float32, on the CPU; raises WeightsError."""
    network = build_network(model)
    fill(network, model)
    return network.eval()


def build_network(model: Trained) -> nn.Module:
    """The architecture that the card names, with fresh weights, and with other modules where it
    was compressed; raises WeightsError."""
    spec = model.spec
    try:
        task, architecture = TASKS[spec.task], ARCHITECTURES[spec.model]
        shape = task.shape(model.facts, parse(task.Params, spec.task_params))
        params: Any = parse(architecture.Params, spec.model_params)
        network = architecture.build(shape, params, model.files if architecture.file else NO_FILES)
        if is_private(spec.training):  # as it was for its training
            with_group_norms(network)
        if STRUCTURE in model.kept:
            network = restored(network, model.files[STRUCTURE])
        return network
    except BadInput as error:
        raise WeightsError(f"{model.owner} cannot be rebuilt: {error}") from error
    except (KeyError, TypeError, ValueError) as error:
        raise WeightsError(f"the card of {model.owner} is damaged: {error}") from error


def fill(network: nn.Module, model: Trained) -> None:
    """Put the model's weights into its network; raises WeightsError."""
    name = model.weights.name
    digest = model.digest(name)
    if not digest and not model.weights.is_file():
        raise WeightsError(f"{model.owner} has no {name}; only a whole run is a model")
    try:
        state = read_weights(model.weights, model.read(name) if digest else None)
        if model.weights.suffix == CHECKPOINT:
            how = parse(Params, model.spec.transfer)
            if how.learns == "adapters":
                state = merged_state(state, how.adapter_alpha / how.adapter_rank)
        if isinstance(model, Head):
            whole = model.weights.suffix == CHECKPOINT
            state = model.cut(state, network.state_dict() if whole else kept_state(network))
        if isinstance(network, KeepsPart) and model.weights.suffix != CHECKPOINT:
            network.load_own_state(state)
        else:
            shared = shared_weights(network).items()
            again = {name: state[first] for name, first in shared if first in state}
            network.load_state_dict({**again, **state}, strict=True)
    except (OSError, RuntimeError, CheckpointError) as error:
        why = " ".join(str(error).split())
        raise WeightsError(f"the weights of {model.owner} cannot be read: {why}") from error


def read_weights(path: Path, content: bytes | None = None) -> dict[str, Tensor]:
    """By name, float32 where packed; raises OSError where the file is damaged or diverged.

    content  of a safetensors file that has been read already, for its digest
    """
    if path.suffix == CHECKPOINT:
        whole = read_checkpoint(path)["state_dict"]
        state = {k.removeprefix(PREFIX): t for k, t in whole.items() if k.startswith(PREFIX)}
    else:
        try:
            if content is None:
                check_regular(path)
            state = load_file(path) if content is None else load(content)
        except SafetensorError as error:
            raise OSError(f"{path.name} is damaged ({error})") from error
    wrong = [key for key, tensor in state.items() if not bool(torch.isfinite(tensor).all())]
    if wrong:
        raise OSError(f"{wrong[0]} has values that are not finite; the training diverged")
    return unpack(state)
