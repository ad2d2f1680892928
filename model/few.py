"""Few photographs: a published SqueezeNet knows edges, fur and faces; its last layers learn more.

First the last convolution, which is new, is fitted alone (Kumar et al., "Fine-Tuning can Distort
Pretrained Features", 2022); then everything above the frozen layers goes on learning; of that, half
is kept.
"""

from pathlib import Path

import torch
from torch.nn import functional

from model.augment import DRAWS, Augmentation, augment
from model.checkpoint import CheckpointError
from model.data import Photographs
from model.pretrained import TRAINED_WITH, read_weights, trained, version_of
from model.squeezenet import SqueezeNet

RECIPE = {
    "batch_norm": False,
    "freeze": "fire5",
    "batch": 20,
    "blend": 0.5,
    "epochs": 60,
    "validate_every": 60,
    "rate": 0.005,
    "average": 0.98,
    "crop": 0.3,
    "rotate": 15.0,
    "mixup": 0.5,
    "cutmix": 0.5,
}
"""What was measured (docs/results.md); every value is a flag that may say otherwise. Validation is
at the end only: the best of many epochs on twenty photographs is an accident."""

MAPS = 1000
"""Maps that the last convolution is fitted to, at most: 350 KB each for SqueezeNet 1.1."""
VIEWS = 4
"""Augmented copies of a photograph among them, if there are few."""
STEPS = 100
"""Of L-BFGS, at most."""
DECAY = 0.01
"""Of the sum of squared weights, beside the cross-entropy."""


def settings_of(path: Path, trained_with: str | None) -> dict:
    """Settings of :class:`model.settings.Settings` for a start from a published SqueezeNet.

    Raises
    ------
    CheckpointError
        If the file is none.
    """
    weights, _ = read_weights(path)
    version = version_of(weights)
    if version is None:
        raise CheckpointError(
            f"{path}: not a SqueezeNet 1.0 or 1.1 under torchvision's or Caffe's names; other "
            "weights go to --init"
        )
    how, _ = trained(path, weights, trained_with)
    image = 227 if how is TRAINED_WITH["caffe"] else 224
    shorter = how.preprocessing.shorter_side
    return RECIPE | {
        **{"init": path, "architecture": version, "image": image, "shorter_side": shorter},
    }


def fit_last(module: SqueezeNet, train: Photographs, how: Augmentation, seed: int) -> float:
    """Fit the last convolution alone to augmented photographs, in place; the loss there.

    It begins at zero with biases of 1, so that its ReLU lets everything through.

    Parameters
    ----------
    module
        Without batch norms.
    """
    generator = torch.Generator().manual_seed(seed)
    views = min(VIEWS, max(1, MAPS // len(train)))
    size = module.network.image.height
    maps, targets = [], []
    with torch.no_grad():
        for _ in range(views):
            rows = torch.randperm(len(train), generator=generator)[:MAPS]
            for part in rows.split(32):
                draws = torch.rand(len(part), DRAWS, generator=generator)
                maps.append(module.eval().trunk(augment(train.images[part], size, how, draws)))
                targets.append(train.targets[part])
    x, y = torch.cat(maps), torch.cat(targets)
    conv = module.get_submodule(module.network.last.name).conv
    torch.nn.init.zeros_(conv.weight)
    torch.nn.init.ones_(conv.bias)
    found = [conv.weight, conv.bias]
    optimizer = torch.optim.LBFGS(found, max_iter=STEPS, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        value = functional.cross_entropy(module.head(x), y) + DECAY * conv.weight.square().sum()
        value.backward()
        return value

    optimizer.step(loss)
    return float(loss().detach())


def freeze(module: SqueezeNet, last: str | None) -> tuple[torch.nn.Module, ...]:
    """Take the layers up to the one of this name out of learning; these layers."""
    if last is None:
        return ()
    names = [layer.name for layer in module.network.layers]
    layers = tuple(module.get_submodule(name) for name in names[: names.index(last) + 1])
    for layer in layers:
        layer.requires_grad_(False)
    return layers
