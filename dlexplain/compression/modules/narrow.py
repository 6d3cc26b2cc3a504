"""Layers with weights in eight or sixteen bits, which stand under their old name as float32.

A weight in eight bits has a scale a row (an output channel, a word's vector): w = q · scale, q from
-127 to 127. What reads `layer.weight`, as rules of relevance do, gets float32, computed once; what
is saved is the narrow one. Which numbers a layer computes with is its `computes`.
"""

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from dlexplain.networks.modules.base import kept_state, shared_weights
from dlexplain.networks.modules.language import Output

INT8, HALF, SCALE = "_int8", "_half", "_scale"
FLOAT = "float32"
L = TypeVar("L", bound="Narrow")


class Computed(dict[str, Any]):
    """What a layer has computed of its weights; a copy of the layer computes it again."""

    def __deepcopy__(self, memo: Any) -> "Computed":
        return Computed()

    def __reduce__(self) -> Any:
        return Computed, ()


class Narrow(nn.Module):
    """A layer whose weights named `narrowed` are kept narrow.

    computes  "float32", "int8" or "bfloat16": what its operations are in where no gradient is
              wanted and the processor can; with a gradient, float32 with the same weights
    """

    narrowed: tuple[str, ...]
    computes: str
    computed: Computed

    def __getattr__(self, name: str) -> Any:
        if name in self.__dict__.get("narrowed", ()):
            return self.once(name, lambda: self.widened(name))
        return super().__getattr__(name)

    def widened(self, name: str) -> Tensor:
        """One of its weights as float32."""
        if name + HALF in self._parameters:
            half: Tensor = getattr(self, name + HALF)
            return half.detach().float()
        whole: Tensor = getattr(self, name + INT8).detach().float()
        scale: Tensor = getattr(self, name + SCALE)
        return whole * scale.view(-1, *[1] * (whole.dim() - 1))

    def once(self, name: str, compute: Any) -> Any:
        """What `compute` gives, from now on."""
        if name not in self.computed:
            # A tensor made in inference mode could never again be part of a gradient.
            with torch.inference_mode(False), torch.no_grad():
                self.computed[name] = compute()
        return self.computed[name]

    def narrow_now(self, x: Tensor) -> bool:
        """Whether this call is computed in narrow numbers."""
        return self.computes != FLOAT and not (torch.is_grad_enabled() and x.requires_grad)

    def as_float32(self) -> nn.Module:
        """Torch's own layer with the same weights: for what changes weights."""
        base = next(kind for kind, narrow in KINDS.items() if isinstance(self, narrow))
        made = base.__new__(base)
        nn.Module.__init__(made)
        vars(made).update({k: v for k, v in vars(self).items() if k in _OWN or _is_setting(k)})
        names = getattr(self, "flat_names", ("weight", *VECTORS))
        for name in dict.fromkeys((*names, *self.narrowed, *self._parameters)):
            if name in self.narrowed:
                made.register_parameter(name, nn.Parameter(self.widened(name)))
            elif name in self._parameters and not name.endswith((INT8, HALF)):
                made.register_parameter(name, self._parameters[name])
        if isinstance(made, nn.RNNBase):
            made._flat_weights_names = list(names)
            by_layer = 4 if made.bias else 2
            made._all_weights = [
                list(names[i : i + by_layer]) for i in range(0, len(names), by_layer)
            ]
            made._init_flat_weights()
        return made.requires_grad_(False)

    def _apply(self, fn: Any, recurse: bool = True) -> Any:
        self.computed.clear()  # it is of weights that move to another device, or change
        return nn.Module._apply(self, fn, recurse)  # type: ignore[no-untyped-call]

    def _load_from_state_dict(self, *args: Any) -> None:
        self.computed.clear()
        super()._load_from_state_dict(*args)

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, computes={self.computes}"


class NarrowLinear(Narrow, nn.Linear):
    pass


class NarrowConv2d(Narrow, nn.Conv2d):
    pass


class NarrowEmbedding(Narrow, nn.Embedding):
    """Only the rows that are asked for become float32."""

    def forward(self, input: Tensor) -> Tensor:
        if self.weight_narrow.dtype != torch.int8:
            return self.weight_narrow[input].float()
        scale: Tensor = self.weight_scale
        return self.weight_narrow[input].float() * scale[input][..., None]

    @property
    def weight_narrow(self) -> Tensor:
        name = "weight" + (HALF if "weight" + HALF in self._parameters else INT8)
        return self._parameters[name]  # type: ignore[return-value]


class NarrowOutput(Narrow, Output):
    """A language model's output layer with weights of its own."""


class _NarrowRecurrent(Narrow):
    """Torch's layer reads its weights from a list, which is made when it is asked for."""

    flat_names: tuple[str, ...]

    @property
    def _flat_weights(self) -> list[Tensor]:
        return [getattr(self, name) for name in self.flat_names]

    def _update_flat_weights(self) -> None:
        """There is nothing to bring up to date."""

    def flatten_parameters(self) -> None:
        """There is nothing to flatten."""

    def _weights_have_changed(self) -> bool:
        return False

    def __getstate__(self) -> dict[str, Any]:
        return dict(self.__dict__)

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.__dict__.update(state)


class NarrowLSTM(_NarrowRecurrent, nn.LSTM):  # type: ignore[misc]
    pass


class NarrowGRU(_NarrowRecurrent, nn.GRU):  # type: ignore[misc]
    pass


class NarrowRNN(_NarrowRecurrent, nn.RNN):  # type: ignore[misc]
    pass


class NarrowLSTMCell(Narrow, nn.LSTMCell):
    pass


class NarrowGRUCell(Narrow, nn.GRUCell):
    pass


class NarrowRNNCell(Narrow, nn.RNNCell):
    pass


KINDS: dict[type[nn.Module], type[Narrow]] = {
    nn.Linear: NarrowLinear,
    nn.Conv2d: NarrowConv2d,
    nn.Embedding: NarrowEmbedding,
    Output: NarrowOutput,
    nn.LSTM: NarrowLSTM,
    nn.GRU: NarrowGRU,
    nn.RNN: NarrowRNN,
    nn.LSTMCell: NarrowLSTMCell,
    nn.GRUCell: NarrowGRUCell,
    nn.RNNCell: NarrowRNNCell,
}
"""What becomes of torch's own layers; a subclass may do anything and stays as it is."""


def layers_to_narrow(
    network: nn.Module, kinds: tuple[type[nn.Module], ...]
) -> Iterator[tuple[str, nn.Module]]:
    """Layers of these types with all their matrices kept with the run and used in one place."""
    kept = set(kept_state(network))
    shared = shared_weights(network)
    taken = set(shared) | set(shared.values())
    for name, layer in list(network.named_modules()):
        if type(layer) not in kinds:
            continue
        keys = {f"{name}.{matrix}" for matrix in matrices_of(layer)}
        if keys and keys <= kept and not keys & taken:
            yield name, layer


def matrices_of(layer: nn.Module) -> list[str]:
    """Names of its own weights of two dimensions and more."""
    own = layer.named_parameters(recurse=False)
    return [name for name, p in own if p.dim() > 1 and p.is_floating_point()]


def copied(kind: type[L], layer: nn.Module, computes: str = FLOAT) -> L:
    """A layer of the kind with this one's settings and vectors, its matrices left out."""
    made = kind.__new__(kind)
    nn.Module.__init__(made)
    own = {k: v for k, v in vars(layer).items() if not k.startswith("_") or k in _OWN}
    vars(made).update(own)
    made.narrowed = tuple(matrices_of(layer))
    made.computes, made.computed = computes, Computed()
    for name, parameter in layer._parameters.items():
        if name not in made.narrowed:
            made.register_parameter(name, parameter)
    if isinstance(layer, nn.RNNBase):
        vars(made)["flat_names"] = tuple(layer._flat_weights_names)
    return made


def _is_setting(name: str) -> bool:
    """Whether an attribute is of torch's layer rather than of the narrow one."""
    return not name.startswith("_") and name not in _NARROW


_NARROW = ("narrowed", "computes", "computed", "flat_names", "bound")
VECTORS = ("bias",)
_OWN = ("_reversed_padding_repeated_twice",)
"""What of a convolution's private attributes its forward reads."""


def in_int8(kind: type[L], layer: nn.Module, computes: str = FLOAT) -> L:
    """The layer with its matrices in eight bits."""
    made = copied(kind, layer, computes)
    for name in made.narrowed:
        whole, scale = rounded_rows(getattr(layer, name).detach())
        made.register_parameter(name + INT8, nn.Parameter(whole, requires_grad=False))
        made.register_buffer(name + SCALE, scale)
    return made


def in_half(kind: type[L], layer: nn.Module, dtype: torch.dtype, computes: str) -> L:
    """The layer with its matrices in sixteen bits."""
    made = copied(kind, layer, computes)
    for name in made.narrowed:
        half = getattr(layer, name).detach().to(dtype)
        made.register_parameter(name + HALF, nn.Parameter(half, requires_grad=False))
    return made


def rounded_rows(weight: Tensor) -> tuple[Tensor, Tensor]:
    """(rows, ...) -> q (rows, ...) int8 and scale (rows,): scale = max |w| / 127 of a row,
    q = w / scale, rounded half to even."""
    scale = row_scales(weight)
    rounded = (weight / scale.view(-1, *[1] * (weight.dim() - 1))).round()
    return rounded.clamp(-127, 127).to(torch.int8), scale


def row_scales(weight: Tensor) -> Tensor:
    """(rows, ...) -> (rows,) largest magnitude / 127; that of nothing but zeros is tiny."""
    return weight.detach().flatten(1).abs().amax(1).clamp_min(1e-12) / 127
