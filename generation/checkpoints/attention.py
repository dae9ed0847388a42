"""Which of torch's kernels computes the attention of a model, and of no other.

diffusers' own `set_attention_backend` passes by the layers of UNets, and it changes what every model of the process
uses: one set's choice would be the next one's as well.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel

# By the names of diffusers' dispatcher, which sets are read into.
KERNELS = {
    "_native_math": SDPBackend.MATH,
    "_native_flash": SDPBackend.FLASH_ATTENTION,
    "_native_efficient": SDPBackend.EFFICIENT_ATTENTION,
    "_native_cudnn": SDPBackend.CUDNN_ATTENTION,
}


def attend_by(model: nn.Module, backend: str) -> None:
    """Have that kernel alone compute the attention layers of a diffusers model, forwards and when it is recomputed."""
    for layer in model.modules():
        # What has a processor is attention; around it, so that other processors, such as slices, keep to it as well.
        if hasattr(layer, "processor"):
            layer.forward = _under(KERNELS[backend], layer.forward)


def _under(kernel: SDPBackend, forward: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(forward)
    def computed(*told: Any, **named: Any) -> Any:
        with sdpa_kernel(kernel):
            return forward(*told, **named)

    return computed
