"""A spec's privacy made real: its network, its batches and its noise."""

from torch import nn

from dlexplain.data.modules.base import PoissonSampling, TrainLoader
from dlexplain.networks.modules.group_norm import with_group_norms
from dlexplain.tasks.modules.base import TaskModule
from dlexplain.tasks.modules.private import Private, check_network, guarantee


def fit_for_privacy(network: nn.Module, name: str) -> tuple[str, ...]:
    """Replace what mixes records, in place; a sentence on it.

    Raises BadInput for layers that cannot be trained privately.
    """
    replaced = with_group_norms(network)
    check_network(network, name)
    if not replaced:
        return ()
    what = "1 batch norm was" if replaced == 1 else f"{replaced} batch norms were"
    return (
        f"{what} replaced by group norms: what a batch norm makes of a record depends on others, "
        "which a private training cannot allow",
    )


def make_private(module: TaskModule, loader: TrainLoader) -> None:
    """Have the module's steps drawn, clipped and made noisy so that the budget is met.

    Raises BadInput where it cannot be met.
    """
    how = module.training_params
    rate = loader.batch_size / loader.count
    promised = guarantee(how, loader.count, rate, module.steps)
    module.private = Private(promised, how.secret_noise)
    loader.sampling = PoissonSampling(rate, how.secret_noise)
