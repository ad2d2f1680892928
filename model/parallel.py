"""Several processes that train one network: sums, shares of a batch, batch norm over all of it."""

import os
from dataclasses import dataclass

import torch
from torch import distributed, nn
from torch.distributed.nn.functional import all_reduce

CPU = torch.device("cpu")


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """This process among those that ``torchrun`` started; alone without it."""

    rank: int = 0
    size: int = 1
    device: torch.device = CPU

    @property
    def first(self) -> bool:
        return self.rank == 0

    def own(self, rows: torch.Tensor) -> torch.Tensor:
        """This process's rows of a batch."""
        return rows[self.rank :: self.size]

    def sum(self, value: float) -> float:
        """The sum of a number over the processes, the same in each."""
        if self.size == 1:
            return value
        total = torch.tensor(value, dtype=torch.float64, device=self.device)
        distributed.all_reduce(total)
        return float(total)

    def parallel(self, module: nn.Module) -> nn.Module:
        """The module whose backward pass averages gradients over the processes."""
        if self.size == 1:
            return module
        return nn.parallel.DistributedDataParallel(module, broadcast_buffers=False)


def join() -> Group:
    """Join the processes that ``torchrun`` started: nccl with a GPU for each, else gloo."""
    gpu = torch.cuda.is_available()
    if "RANK" not in os.environ:
        return Group(device=torch.device("cuda") if gpu else CPU)
    distributed.init_process_group("nccl" if gpu else "gloo")
    device = torch.device("cuda", int(os.environ["LOCAL_RANK"])) if gpu else CPU
    if gpu:
        torch.cuda.set_device(device)
    return Group(rank=distributed.get_rank(), size=distributed.get_world_size(), device=device)


def leave() -> None:
    """Undo :func:`join`."""
    if distributed.is_initialized():
        distributed.destroy_process_group()


class SharedBatchNorm2d(nn.BatchNorm2d):
    """Batch norm whose statistics are those of the batches of all processes together.

    What one process would compute with the whole batch; ``torch.nn.SyncBatchNorm`` is that for
    GPUs only.
    """

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not self.training:
            return super().forward(x)
        values = x.float()
        count = torch.full((1,), values.numel() / values.shape[1], device=x.device)
        sums = torch.cat([values.sum(dim=(0, 2, 3)), count])
        sums = all_reduce(sums)
        count = sums[-1].detach()
        mean = sums[:-1] / count
        # A second reduction, of squares about the mean: one pass would cancel digits.
        square = (values - mean[:, None, None]).square().sum(dim=(0, 2, 3))
        variance = all_reduce(square) / count
        with torch.no_grad():
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * count / (count - 1), self.momentum)
            self.num_batches_tracked += 1
        scale = self.weight * torch.rsqrt(variance + self.eps)
        shift = self.bias - mean * scale
        return (values * scale[:, None, None] + shift[:, None, None]).to(x.dtype)


def share_batch_norm(module: nn.Module, group: Group) -> nn.Module:
    """Replace every batch norm by a shared one, in place, if there is more than one process."""
    if group.size == 1:
        return module
    for parent in list(module.modules()):
        for name, child in parent.named_children():
            if type(child) is nn.BatchNorm2d:
                shared = SharedBatchNorm2d(child.num_features)
                shared.load_state_dict(child.state_dict())
                setattr(parent, name, shared)
    return module
