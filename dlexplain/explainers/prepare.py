"""The optimised copy of a model: the same function, faster to explain.

In eval mode a BatchNorm folds into the convolution before it; frozen parameters need no gradient;
channels-last is the layout that convolutions like. On EfficientNet-Lite0 that halves the time of
a gradient (docs/decisions/0003). Module names stay, so that layers are found under the same names.
"""

import copy
import hashlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, runtime_checkable

import torch
from torch import Tensor, fx, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from dlexplain.explainers.fair_lock import FairLock
from dlexplain.explainers.twin import twin

LOGIT_TOLERANCE = 1e-3
"""Largest difference of logits, relative to their largest, at which a folded copy is used."""


PART = "."


def part_named(fingerprint: str, name: str) -> str:
    """Of another part, or of other weights, of the network: work on it takes the same time."""
    return f"{fingerprint}{PART}{name}"


class Prepared(Protocol):
    """What evaluations need of a model: frozen, in eval mode, on its device.

    module       (batch, ...) -> (batch, classes) logits
    fingerprint  digest of architecture and weights, and of the inputs' size where that varies;
                 after PART a digest of the part of its output that is asked
    lock         where all who use the model take turns
    coupled      whether what it says of an input depends on what else it is given at once
    trial        (count, ...) inputs of the usual size, to measure with
    """

    @property
    def module(self) -> nn.Module: ...

    @property
    def device(self) -> torch.device: ...

    @property
    def fingerprint(self) -> str: ...

    @property
    def lock(self) -> FairLock: ...

    @property
    def coupled(self) -> bool: ...

    def to_device(self, x: Tensor) -> Tensor: ...

    def trial(self, count: int) -> Tensor: ...


@runtime_checkable
class KeptNarrow(Protocol):
    """A layer that keeps its weights in fewer bits than it computes with, as compression leaves
    it."""

    def as_float32(self) -> nn.Module:
        """An ordinary layer of the same weights."""


@dataclass(frozen=True, eq=False)
class PreparedModel:
    """A model ready to be explained: eval mode, frozen, on its device.

    module       (batch, *input_shape) -> (batch, classes) logits
    value_range  input values of black and white
    fingerprint  digest of architecture and weights
    folded       whether its BatchNorms were folded away
    difference   largest difference of its logits to the original's, relative to their largest
    coupled      whether it is asked for one picture at a time: what it says depends on the others
                 of its batch, as under batch statistics, or it takes no more
    differentiable  whether its scores have a gradient by its input
    queries      of a detector, of whose tokens so many are its queries, and no places
    mapped       whether its scores are read from a map of places, as a segmenter's are
    """

    modality: ClassVar[str] = "picture"
    module: nn.Module
    input_shape: tuple[int, ...]
    value_range: tuple[float, float]
    device: torch.device
    fingerprint: str
    folded: bool
    difference: float
    lock: FairLock = field(default_factory=FairLock)
    coupled: bool = False
    differentiable: bool = True
    queries: int = 0
    mapped: bool = False

    def to_device(self, x: Tensor) -> Tensor:
        """(batch, channels, height, width), moved and laid out as the model wants it."""
        return x.to(self.device, memory_format=torch.channels_last)

    def trial(self, count: int) -> Tensor:
        """Pictures of noise, (count, *input_shape)"""
        low, high = self.value_range
        noise = torch.rand((count, *self.input_shape), generator=torch.Generator().manual_seed(0))
        return self.to_device(low + (high - low) * noise)

    def trial_pair(self) -> tuple[Prepared, Tensor, Tensor]:
        """Itself, and two pictures (1, *input_shape): one, and a baseline of it."""
        x, baseline = torch.split(self.trial(2), 1)
        return self, x, baseline

    def attend(self, x: Tensor, through: int | None = None) -> tuple[Tensor, list[Tensor]]:
        """Logits, and of each layer (batch, heads, tokens, tokens), by which the logits can be
        differentiated; of a vision Transformer alone, see explainers/patches.py.

        through  the logits are read after so many layers, and the weights are of those
        """
        x = self.to_device(x)
        x = x.clone().requires_grad_() if torch.is_grad_enabled() else x
        found: tuple[Tensor, list[Tensor]] = self.module.attend(x, through)  # type: ignore[operator]
        return found

    def logits(self, x: Tensor) -> Tensor:
        """(batch, ...) -> (batch, classes), without gradients, in this model's turn."""
        with self.lock.turn(), torch.inference_mode():
            parts = torch.split(self.to_device(x), 1 if self.coupled else max(1, len(x)))
            return torch.cat([self.module(part) for part in parts])

    def answer(self, x: Tensor) -> Tensor:
        """The same of little, for somebody who waits: in no turn, while the model is explained."""
        parts = torch.split(self.to_device(x), 1 if self.coupled else max(1, len(x)))
        return twin(self, self.module, self.lock)(parts)


def prepare(
    model: nn.Module,
    input_shape: tuple[int, ...],
    value_range: tuple[float, float],
    device: torch.device | None = None,
) -> PreparedModel:
    """Make the optimised copy; `model` itself is left as it is.

    input_shape is (channels, height, width). Where folding cannot be traced, or changes the
    logits by more than LOGIT_TOLERANCE, the copy keeps its BatchNorms.
    """
    device = device or torch.device("cpu")
    low, high = value_range
    generator = torch.Generator().manual_seed(0)
    probe = low + (high - low) * torch.rand((2, *input_shape), generator=generator)
    plain, expected = working_copy(model, probe)

    ready = copy.deepcopy(plain)
    pairs = fold_batch_norms(ready)
    ready, difference = _place(ready, device, probe, expected)
    if pairs and difference > LOGIT_TOLERANCE:
        pairs = 0
        ready, difference = _place(copy.deepcopy(plain), device, probe, expected)
    alone, differentiable = _alone(plain, probe[:1])
    return PreparedModel(
        module=ready,
        input_shape=input_shape,
        value_range=value_range,
        device=device,
        fingerprint=fingerprint(plain),
        folded=pairs > 0,
        difference=difference,
        coupled=_difference(alone, expected[:1]) > LOGIT_TOLERANCE or _takes_one(plain),
        differentiable=differentiable,
    )


def working_copy(model: nn.Module, probe: Tensor) -> tuple[nn.Module, Tensor]:
    """A copy to work with, frozen, in eval mode, on the CPU, and its logits of the probe.

    It never writes over its input. No layer of it works in place, since hooks must see a layer's
    output as it was; only where the model counts on a value being written over, they still do.
    """
    plain = copy.deepcopy(model).eval().requires_grad_(False).cpu()
    given = probe.clone()
    with torch.inference_mode():
        expected = plain(given)
    if not torch.equal(given, probe):
        plain.register_forward_pre_hook(lambda _module, args: (args[0].clone(), *args[1:]))
    if not any(getattr(module, "inplace", False) for module in plain.modules()):
        return plain, expected
    aside = copy.deepcopy(plain)
    for module in aside.modules():
        if getattr(module, "inplace", False):
            module.inplace = False  # type: ignore[assignment]
    with torch.inference_mode():
        same = _difference(aside(probe.clone()), expected) <= LOGIT_TOLERANCE
    return (aside if same else plain), expected


def in_float32(model: nn.Module) -> nn.Module:
    """A copy in which layers that keep their weights in fewer bits are ordinary ones with the same
    weights: for who changes weights."""
    changed = copy.deepcopy(model)
    for name, module in list(changed.named_modules()):
        if isinstance(module, KeptNarrow):
            if not name:
                return module.as_float32()
            _replace(changed, name, module.as_float32().eval())
    return changed


def fold_batch_norms(model: nn.Module) -> int:
    """Fold every BatchNorm2d that alone reads a convolution's output; returns how many.

    Works in place on a model in eval mode; a folded BatchNorm becomes an Identity of its name.
    """
    pairs = list(conv_norm_pairs(model))
    for conv_name, norm_name in pairs:
        fused = fuse_conv_bn_eval(
            model.get_submodule(conv_name),  # type: ignore[type-var]
            model.get_submodule(norm_name),  # type: ignore[arg-type]
        )
        _replace(model, conv_name, fused.requires_grad_(False))
        _replace(model, norm_name, nn.Identity())
    return len(pairs)


def fingerprint(model: nn.Module) -> str:
    """SHA-256 over the architecture's text and every tensor of its state."""
    digest = hashlib.sha256(repr(model).encode())
    for key, tensor in sorted(model.state_dict().items()):
        digest.update(key.encode())
        flat = tensor.detach().cpu().contiguous().reshape(-1)
        digest.update(flat.view(torch.uint8).numpy().tobytes())  # NumPy has no bf16
    return digest.hexdigest()[:16]


def _place(
    ready: nn.Module, device: torch.device, probe: Tensor, expected: Tensor
) -> tuple[nn.Module, float]:
    ready = ready.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    with torch.inference_mode():
        logits = ready(probe.to(device, memory_format=torch.channels_last)).cpu()
    return ready, _difference(logits, expected)


def _alone(plain: nn.Module, one: Tensor) -> tuple[Tensor, bool]:
    """Logits (1, classes) of a picture by itself, and whether they have a gradient by it."""
    try:
        with torch.enable_grad():
            logits: Tensor = plain(one.clone().requires_grad_())
    except Exception:  # a module's own code may refuse what asks for a gradient, as .numpy() does
        with torch.inference_mode():
            return plain(one.clone()), False
    return logits.detach(), logits.requires_grad


def _takes_one(module: nn.Module) -> bool:
    """Whether it says so, as a program that was exported for one picture does."""
    return any(getattr(part, "one_at_a_time", False) for part in module.modules())


def _difference(logits: Tensor, expected: Tensor) -> float:
    """The largest, relative to the largest logit expected."""
    return float((logits - expected).abs().max() / expected.abs().max().clamp_min(1e-6))


class _LayerTracer(fx.Tracer):
    """Sees a subclass of Conv2d as one layer, as fx sees Conv2d itself."""

    def __init__(self) -> None:
        super().__init__()
        self._thread = threading.get_ident()

    def call_module(
        self,
        m: nn.Module,
        forward: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Any:
        """While fx traces, the calls of all modules in the process come here; those of other
        threads, whose models answer somebody meanwhile, pass."""
        if threading.get_ident() != self._thread:
            return forward(*args, **kwargs)
        return super().call_module(m, forward, args, kwargs)

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return isinstance(m, nn.Conv2d | nn.BatchNorm2d) or super().is_leaf_module(
            m, module_qualified_name
        )


def conv_norm_pairs(model: nn.Module) -> Iterator[tuple[str, str]]:
    """Names of each convolution whose output a BatchNorm2d alone reads, and of that norm."""
    try:
        graph = _LayerTracer().trace(model)
    except Exception:  # fx raises whatever the model's own Python raises on a proxy
        return
    modules = dict(model.named_modules())
    uses: dict[str, int] = {}
    for node in graph.nodes:
        if node.op == "call_module":
            uses[node.target] = uses.get(node.target, 0) + 1
    for node in graph.nodes:
        if node.op != "call_module" or not isinstance(modules[node.target], nn.BatchNorm2d):
            continue
        source = node.args[0]
        if (
            source.op == "call_module"
            and isinstance(modules[source.target], nn.Conv2d)
            and len(source.users) == 1
            and uses[source.target] == uses[node.target] == 1
            and modules[node.target].running_mean is not None
        ):
            yield source.target, node.target


def _replace(model: nn.Module, name: str, module: nn.Module) -> None:
    parent, _, child = name.rpartition(".")
    setattr(model.get_submodule(parent), child, module)


def replace_modules(
    model: nn.Module,
    kinds: tuple[type[nn.Module], ...],
    make: Callable[[nn.Module], nn.Module],
) -> nn.Module:
    """A copy of `model` in which `make(module)` stands for every module of these kinds, the same
    for one that is there under several names."""
    changed = copy.deepcopy(model)
    made: dict[nn.Module, nn.Module] = {}
    for name, module in list(changed.named_modules(remove_duplicate=False)):
        if isinstance(module, kinds):
            if module not in made:
                made[module] = make(module)
            _replace(changed, name, made[module])
    return changed
