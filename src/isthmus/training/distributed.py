"""Several processes, one model: what `torchrun` starts, averaged.

Gradients are averaged here rather than by wrapping the model in DistributedDataParallel: several players
share one forward pass, and its hooks expect one loss a pass and every parameter in it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
import torch.distributed as dist
from torch import Tensor, nn

__all__ = [
    "average", "broadcast", "gathered", "highest", "mean_over_processes", "process_group", "rank", "world",
]  # fmt: skip


def rank() -> int:
    """Return this process's number, 0 when alone."""
    return dist.get_rank() if _together() else 0


def world() -> int:
    """Return how many processes train together."""
    return dist.get_world_size() if _together() else 1


@contextmanager
def process_group() -> Iterator[None]:
    """Join the processes that `torchrun` started, if it did (nccl on GPUs, gloo elsewhere)."""
    ours = "TORCHELASTIC_RUN_ID" in os.environ and not dist.is_initialized()
    if ours:
        dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    try:
        yield
        if ours:
            dist.barrier()  # nobody hangs up while another still listens
    finally:
        if ours:
            dist.destroy_process_group()


def average(parameters: Iterable[nn.Parameter]) -> None:
    """Replace each gradient by its mean over the processes, in one message."""
    if not _together():
        return
    parameters = list(parameters)
    for parameter in parameters:
        if parameter.grad is None:  # every process must send as many numbers
            parameter.grad = torch.zeros_like(parameter)
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    flat = torch.cat([gradient.flatten() for gradient in gradients])
    dist.all_reduce(flat)
    flat /= dist.get_world_size()
    for gradient, part in zip(gradients, flat.split([gradient.numel() for gradient in gradients]), strict=True):
        gradient.copy_(part.view_as(gradient))


def broadcast(tensors: Iterable[Tensor]) -> None:
    """Give every process the first's weights or buffers."""
    if _together():
        for tensor in tensors:
            dist.broadcast(tensor.detach(), 0)


def gathered(tensor: Tensor) -> list[Tensor]:
    """Return every process's tensor, in the order of their numbers."""
    if not _together():
        return [tensor]
    own = tensor.to(_device())
    parts = [torch.empty_like(own) for _ in range(world())]
    dist.all_gather(parts, own)
    return [part.to(tensor.device) for part in parts]


def highest(number: int) -> int:
    """Return the highest number that any process gives, so that all take the same decision from it."""
    if not _together():
        return number
    told = torch.tensor(number, device=_device())
    dist.all_reduce(told, dist.ReduceOp.MAX)
    return int(told)


def mean_over_processes(value: Tensor) -> Tensor:
    """Return the mean of a tensor over the processes, so that all take the same decision from it."""
    if _together():
        value = value.clone()
        dist.all_reduce(value)
        value /= dist.get_world_size()
    return value


def _device() -> str:
    return "cuda" if dist.get_backend() == "nccl" else "cpu"


def _together() -> bool:
    return dist.is_available() and dist.is_initialized()
