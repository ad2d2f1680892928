"""The SqueezeNet family as tables of numbers: the metaparameter form, 1.0, 1.1, and tiny ones.

Metaparameters: Iandola et al., "SqueezeNet", 2016, section 5.1 (there: CNN microarchitecture
metaparameters). Layers are named as in the paper: conv1, pool1, fire2, fire3, pool3, …
"""

from dataclasses import dataclass
from fractions import Fraction

from spec.network import Conv, FeatureMap, Fire, MaxPool, Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Metaparameters:
    """The metaparameters of the family; the defaults are the reference setting.

    Fire module ``i`` (from 0) has ``e_i = base_e + incr_e · ⌊i / freq⌋`` expand filters, of which
    ``e_i · pct_3x3`` are 3×3, and ``squeeze_ratio · e_i`` squeeze filters. Each must come out as
    a whole number of at least 1.
    """

    num_filters: int = 48
    blocks: int = 3
    base_e: int = 32
    incr_e: int = 32
    freq: int = 2
    pct_3x3: float = 0.5
    squeeze_ratio: float = 0.5
    classes: int = 5
    image_size: int = 224
    conv1_kernel: int = 3
    conv1_stride: int = 2
    conv1_padding: int = 1
    pool_kernel: int = 3

    def __post_init__(self):
        for key in ("num_filters", "blocks", "base_e", "freq", "classes", "image_size"):
            if getattr(self, key) < 1:
                raise ValueError(f"{key} must be at least 1, not {getattr(self, key)}")
        if self.incr_e < 0:
            raise ValueError(f"incr_e must be at least 0, not {self.incr_e}")
        if not 0 < self.pct_3x3 < 1:
            raise ValueError(f"pct_3x3 must lie between 0 and 1, not {self.pct_3x3}")
        if not 0 < self.squeeze_ratio <= 1:
            raise ValueError(f"squeeze_ratio must be above 0, at most 1, not {self.squeeze_ratio}")

    def expand(self, index: int) -> int:
        """Expand filters of Fire module ``index``, counted from 0."""
        return self.base_e + self.incr_e * (index // self.freq)


def _whole(name: str, ratio: float, e: int) -> int:
    value = Fraction(ratio).limit_denominator(1024) * e
    if value.denominator != 1 or value < 1:
        raise ValueError(f"{name} · e must be a whole number: {ratio} · {e} = {float(value)}")
    return int(value)


def squeezenet(parameters: Metaparameters = Metaparameters(), name: str = "") -> Network:
    """The network of ``parameters``: conv1, blocks of max-pool + Fire + Fire, conv, average.

    Raises
    ------
    ValueError
        If a metaparameter gives a fractional filter count, or a map vanishes.
    """
    p = parameters
    image = FeatureMap(3, p.image_size, p.image_size)
    layers: list[Conv | MaxPool | Fire] = [
        Conv(
            name="conv1",
            i=image,
            channels=p.num_filters,
            kernel=p.conv1_kernel,
            stride=p.conv1_stride,
            padding=p.conv1_padding,
        )
    ]
    number = 1
    for block in range(p.blocks):
        layers.append(MaxPool(name=f"pool{number}", i=layers[-1].o, kernel=p.pool_kernel))
        for index in (2 * block, 2 * block + 1):
            number += 1
            e = p.expand(index)
            e3 = _whole("pct_3x3", p.pct_3x3, e)
            layers.append(
                Fire(
                    name=f"fire{number}",
                    i=layers[-1].o,
                    squeeze_channels=_whole("squeeze_ratio", p.squeeze_ratio, e),
                    expand1x1_channels=e - e3,
                    expand3x3_channels=e3,
                )
            )
    layers.append(Conv(name=f"conv{number + 1}", i=layers[-1].o, channels=p.classes))
    return Network(name or "squeezenet", image, tuple(layers))


#: SqueezeNet 1.0 and 1.1: conv1 filters, conv1 kernel, then pools ("pool") and Fire modules
#: (squeeze, expand1x1, expand3x3) in order. https://github.com/forresti/SqueezeNet
_PUBLISHED = {
    "1.0": (
        (96, 7),
        (
            *("pool", (16, 64, 64), (16, 64, 64), (32, 128, 128)),
            *("pool", (32, 128, 128), (48, 192, 192), (48, 192, 192), (64, 256, 256)),
            *("pool", (64, 256, 256)),
        ),
    ),
    "1.1": (
        (64, 3),
        (
            *("pool", (16, 64, 64), (16, 64, 64)),
            *("pool", (32, 128, 128), (32, 128, 128)),
            *("pool", (48, 192, 192), (48, 192, 192), (64, 256, 256), (64, 256, 256)),
        ),
    ),
}


def published(
    version: str, *, classes: int = 1000, image_size: int = 224, last_padding: int = 0
) -> Network:
    """SqueezeNet ``"1.0"`` or ``"1.1"``.

    The published Caffe model of 1.0 has ``last_padding`` 1 and 227×227 images; torchvision's has
    0 and 224×224.
    """
    if version not in _PUBLISHED:
        raise ValueError(f"version must be one of {', '.join(_PUBLISHED)}, not {version}")
    (filters, kernel), body = _PUBLISHED[version]
    image = FeatureMap(3, image_size, image_size)
    layers: list[Conv | MaxPool | Fire] = [
        Conv(name="conv1", i=image, channels=filters, kernel=kernel, stride=2)
    ]
    number = 1
    for item in body:
        if item == "pool":
            layers.append(MaxPool(name=f"pool{number}", i=layers[-1].o))
            continue
        number += 1
        squeeze, expand1x1, expand3x3 = item
        layers.append(
            Fire(
                name=f"fire{number}",
                i=layers[-1].o,
                squeeze_channels=squeeze,
                expand1x1_channels=expand1x1,
                expand3x3_channels=expand3x3,
            )
        )
    layers.append(
        Conv(name=f"conv{number + 1}", i=layers[-1].o, channels=classes, padding=last_padding)
    )
    return Network(f"squeezenet{version.replace('.', '_')}", image, tuple(layers))


def tiny(*, image_size: int = 8, classes: int = 3, blocks: int = 1, **changes) -> Network:
    """A network of the family small enough for the tests of a part."""
    parameters = {"num_filters": 8, "base_e": 8, "incr_e": 8} | changes
    return squeezenet(
        Metaparameters(image_size=image_size, classes=classes, blocks=blocks, **parameters), "tiny"
    )
