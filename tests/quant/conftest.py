"""A small float network with lively batch norms, and photographs made on the spot."""

import numpy as np
import pytest
import torch
from PIL import Image

from model.checkpoint import Checkpoint, Preprocessing, network_of, save
from model.data import Photographs
from model.squeezenet import SqueezeNet
from spec import synthetic
from spec.squeezenet import Metaparameters, squeezenet

SIZE = 19
LABELS = ("a", "b", "c")
PARAMETERS = Metaparameters(num_filters=8, base_e=8, incr_e=8, blocks=2, classes=3, image_size=SIZE)
PREPROCESSING = Preprocessing(mean=(0.4, 0.5, 0.3), std=(0.2, 0.3, 0.25), shorter_side=25)


@pytest.fixture(scope="session")
def images() -> torch.Tensor:
    """uint8, shape (24, 3, SIZE, SIZE)."""
    network = squeezenet(PARAMETERS)
    pictures = [synthetic.image(network, seed) for seed in range(24)]
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).contiguous()


@pytest.fixture(scope="session")
def photographs(images) -> Photographs:
    """Three classes that differ in colour, so that something can be learnt."""
    targets = torch.arange(len(images)) % 3
    images = images.clone()
    images[torch.arange(len(images)), targets] //= 4
    names = tuple(f"{index}.png" for index in range(len(images)))
    return Photographs(images=images, targets=targets, names=names, labels=LABELS)


@pytest.fixture
def module(images) -> SqueezeNet:
    """Batch norms with statistics of the images, and gains and shifts of all sizes."""
    torch.manual_seed(3)
    module = SqueezeNet(network_of(PARAMETERS), mean=PREPROCESSING.mean, std=PREPROCESSING.std)
    for name, value in module.named_parameters():
        if "norm" in name:
            value.data += torch.randn_like(value) * 0.3
    module.train()
    with torch.no_grad():
        for _ in range(40):
            module(images.float() / 255)
    return module.eval()


@pytest.fixture
def checkpoint_file(module, tmp_path):
    """The module as ``python -m model.train`` would leave it."""
    path = tmp_path / "float.pt"
    checkpoint = Checkpoint(
        parameters=PARAMETERS,
        batch_norm=True,
        state=module.state_dict(),
        labels=LABELS,
        preprocessing=PREPROCESSING,
    )
    save(checkpoint, path)
    return path


@pytest.fixture
def data(photographs, tmp_path):
    """``train`` with five photographs a class, ``valid`` with three."""
    folder = tmp_path / "data"
    for index, (image, target) in enumerate(
        zip(photographs.images, photographs.targets, strict=True)
    ):
        part = "train" if index < 15 else "valid"
        path = folder / part / LABELS[target] / f"{index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image.permute(1, 2, 0).numpy()).save(path)
    return folder
