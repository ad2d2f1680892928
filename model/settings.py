"""Everything a training run can be told: one frozen dataclass gives flags, TOML keys and record."""

import argparse
import math
import tomllib
from dataclasses import MISSING, dataclass, fields, replace
from pathlib import Path
from typing import Annotated, get_args

from model import few
from model.augment import Augmentation
from model.checkpoint import Published, network_of
from model.pretrained import TRAINED_WITH
from model.scenes import Scenes
from model.schedule import Schedule
from plan.boards import BOARD_DEVICES
from spec.arguments import THREADS, Parser
from spec.photograph import Framing
from spec.squeezenet import Metaparameters
from spec.text import TextError, read_text


def _stages(text: str) -> tuple[tuple[int, int], ...]:
    """``128x250,160x120`` as pairs (side, epochs)."""
    try:
        pairs = [stage.split("x") for stage in text.split(",") if stage]
        return tuple((int(side), int(epochs)) for side, epochs in pairs)
    except ValueError:
        raise ValueError(f"stages must look like 128x250,160x120, not {text}") from None


SEEDS = 2**32
"""An epoch's random numbers come from a million of the seed; torch takes 64 bits."""

_SIDES, _WIDTHS = "image shorter_side", "num_filters base_e incr_e"
MOST = {
    **dict.fromkeys(_SIDES.split(), 4096),
    **dict.fromkeys(_WIDTHS.split(), 4096),
    "threads": THREADS,
    "batch": 2**20,
    "views": 2**16,
    "views_seed": SEEDS - 1,
}
"""The largest values that anybody means; beyond them is a slip, or no memory for it."""

#: Settings whose values come from a list.
CHOICES = {
    "architecture": ("family", "1.0", "1.1"),
    "optimizer": ("sgd", "adamw"),
    "precision": ("float32", "bfloat16"),
    "trained_with": tuple(TRAINED_WITH),
    "board": tuple(BOARD_DEVICES),
}

_VIEWS = "views views_seed views_file view_crop view_colour view_mixup view_cutmix"
_FAMILY = "num_filters blocks base_e incr_e freq pct_3x3 squeeze_ratio"
#: What settings other than their defaults do nothing without: whether it is there, and its name.
NEEDS = {
    f"{_VIEWS} teacher_weight temperature hint_weight refit": (lambda s: s.teacher, "--teacher"),
    "refit_decay": (lambda s: s.refit, "--refit"),
    "trained_with": (lambda s: s.init or s.pretrained, "--init or --pretrained"),
    "repeat": (lambda s: s.empties or s.field, "--empties or --field"),
    "smallest": (lambda s: s.paste, "--paste"),
    "momentum": (lambda s: s.optimizer == "sgd", "--optimizer sgd"),
    _FAMILY: (lambda s: s.architecture == "family", "--architecture family"),
}


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings of ``python -m model.train``; see its ``--help``."""

    data: Annotated[Path, "folder with train/, valid/, test/, or with class folders"]
    output: Annotated[Path, "folder of the run"]
    epochs: Annotated[int, "passes over the training photographs, stages included"] = 40
    image: Annotated[int, "side of the images, in pixels"] = 224
    shorter_side: Annotated[int, "of a photograph, before its centre is cropped; 0: --image"] = 0
    stages: Annotated[str, "smaller images first: 128x250,160x120 is side x epochs"] = ""
    validation_list: Annotated[Path | None, "file that names the validation photographs"] = None
    validation_share: Annotated[float, "share of each class held out for validation"] = 0.0
    others: Annotated[Path | None, "folder of pictures of anything else: a class none"] = None
    empties: Annotated[Path | None, "folder of empty frames, best of your own camera"] = None
    field: Annotated[Path | None, "class folders of more photographs, of your own cameras"] = None
    repeat: Annotated[int, "how often an epoch shows each of --empties and --field"] = 6
    strict: Annotated[bool, "refuse files that are no photographs instead of skipping"] = False
    nested: Annotated[bool, "class folders may hold nothing but folders of photographs"] = False

    architecture: Annotated[str, "the family, or a published network"] = "family"
    num_filters: Annotated[int, "filters of conv1"] = 48
    blocks: Annotated[int, "blocks of max-pool, Fire, Fire"] = 3
    base_e: Annotated[int, "expand filters of the first Fire module"] = 32
    incr_e: Annotated[int, "expand filters added every freq Fire modules"] = 32
    freq: Annotated[int, "Fire modules of equal width"] = 2
    pct_3x3: Annotated[float, "share of 3×3 among the expand filters"] = 0.5
    squeeze_ratio: Annotated[float, "squeeze filters for one expand filter"] = 0.5
    batch_norm: Annotated[bool, "a batch norm after every convolution"] = True
    dropout: Annotated[float, "probability, before the last convolution"] = 0.0
    init: Annotated[Path | None, "SqueezeNet weights to start from, where shapes allow"] = None
    trained_with: Annotated[str | None, "what the input of --init was, where it is not known"] = (
        None
    )
    pretrained: Annotated[
        Path | None, "SqueezeNet 1.0 or 1.1 of ImageNet to go on from, for few photographs"
    ] = None
    freeze: Annotated[str | None, "layers up to this one stay as they are, such as fire5"] = None

    blend: Annotated[float, "of what was learned after the start, the share that is kept"] = 1.0

    batch: Annotated[int, "photographs a step, over all processes"] = 32
    optimizer: Annotated[str, "SGD with Nesterov momentum, or AdamW"] = "sgd"
    rate: Annotated[float, "highest learning rate"] = 0.05
    momentum: Annotated[float, "of SGD"] = 0.9
    weight_decay: Annotated[float, "on convolution weights only"] = 5e-4
    warmup: Annotated[
        float | None, "epochs of rising learning rate, a cosine follows; 2, or half of fewer than 4"
    ] = None
    clip: Annotated[float, "largest norm of the gradient"] = 5.0
    average: Annotated[float, "decay of the moving average of the weights; 0: none"] = 0.99
    patience: Annotated[int, "stop after so many epochs without improvement; 0: never"] = 0
    validate_every: Annotated[int, "epochs between validations; the last epoch always is"] = 1
    smoothing: Annotated[float, "label smoothing"] = 0.05

    crop: Annotated[float, "smallest share of the area that a crop keeps"] = 0.5
    aspect: Annotated[float, "largest change of the aspect ratio"] = 1.3
    rotate: Annotated[float, "degrees, either way"] = 10.0
    shear: Annotated[float, "degrees, either way"] = 5.0
    colour: Annotated[float, "range of brightness, contrast and saturation about 1"] = 0.3
    flip: Annotated[float, "probability of a mirror, left to right"] = 0.5
    mixup: Annotated[float, "probability that a batch is blended with itself"] = 0.0
    cutmix: Annotated[float, "probability that rectangles are exchanged in a batch"] = 0.0

    paste: Annotated[float, "probability of being small, on a background"] = 0.0
    smallest: Annotated[float, "smallest side when pasted, as a share"] = 0.25
    night: Annotated[float, "probability of grey, dark and noisy"] = 0.0
    blur: Annotated[float, "probability of a blur"] = 0.0
    hide: Annotated[float, "probability that background covers a part"] = 0.0
    camera: Annotated[float, "probability of being seen through a camera's encoding"] = 0.0

    teacher: Annotated[Path | None, "float checkpoint or ONNX classifier to learn from"] = None
    teacher_weight: Annotated[float, "share of the teacher in the loss"] = 0.9
    hint_weight: Annotated[float, "of the teacher's hints, beside the loss; see model.head"] = 0.0
    temperature: Annotated[float, "of the softened scores, teacher and student"] = 2.0
    refit: Annotated[bool, "fit a layer on the teacher's own scores to the views"] = False
    refit_decay: Annotated[float, "penalty on that layer's squared weights"] = 0.03
    views: Annotated[int, "augmented copies a photograph that the teacher scores, once"] = 8

    views_seed: Annotated[int | None, "of the views, which several seeds can share; --seed"] = None
    view_crop: Annotated[float, "smallest share of a view's area that a step keeps"] = 1.0
    view_colour: Annotated[float, "as --colour, of a view again at every step"] = 0.0
    view_mixup: Annotated[float, "as --mixup, of views and of what the teacher said"] = 0.0
    view_cutmix: Annotated[float, "as --cutmix, of views and of what the teacher said"] = 0.0

    views_file: Annotated[Path | None, "keep the views here, for other runs of this teacher"] = None

    board: Annotated[str | None, "warn before training if it cannot hold the network"] = None
    variant: Annotated[str | None, "the board's device, such as 45F; default: its largest"] = None

    precision: Annotated[str, "of the forward pass"] = "float32"
    seed: Annotated[int, "of everything random"] = 0
    threads: Annotated[int, "of torch; 0: as many as it likes"] = 0
    resume: Annotated[bool, "go on from OUTPUT/last.pt, to the very same result"] = False
    report: Annotated[bool, "write OUTPUT/report/ at the end"] = True

    def __post_init__(self):
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, float) and not math.isfinite(value):
                raise ValueError(f"{item.name} must be a finite number, not {value}")
            most = MOST.get(item.name, 10**9)
            if isinstance(value, int) and item.name != "seed" and value > most:
                raise ValueError(f"{item.name} must be at most {most:,}, not {value}")
        if self.mixup + self.cutmix > 1:
            raise ValueError(
                f"mixup and cutmix must add up to at most 1, not {self.mixup} and {self.cutmix}"
            )
        if self.view_mixup + self.view_cutmix > 1 or min(self.view_mixup, self.view_cutmix) < 0:
            raise ValueError(
                "view_mixup and view_cutmix must be at least 0 and add up to at most 1, not "
                f"{self.view_mixup} and {self.view_cutmix}"
            )
        for key, choices in CHOICES.items():
            if getattr(self, key) is not None and getattr(self, key) not in choices:
                raise ValueError(
                    f"{key} must be one of {', '.join(choices)}, not {getattr(self, key)}"
                )
        for key in ("batch", "validate_every", "views", "image", "repeat"):
            if getattr(self, key) < 1:
                raise ValueError(f"{key} must be at least 1, not {getattr(self, key)}")
        for key in ("dropout", "smoothing", "average", "validation_share", "momentum"):
            if not 0 <= getattr(self, key) < 1:
                raise ValueError(f"{key} must be at least 0, below 1, not {getattr(self, key)}")
        if not all(v > 0 for v in (self.rate, self.clip, self.temperature)):
            raise ValueError("rate, clip and temperature must be above 0")
        if not 0 <= self.teacher_weight <= 1:
            raise ValueError(f"teacher_weight must be in 0…1, not {self.teacher_weight}")
        if not 0 < self.blend <= 1:
            raise ValueError(f"blend must be above 0, at most 1, not {self.blend}")
        if self.hint_weight < 0:
            raise ValueError(f"hint_weight must be at least 0, not {self.hint_weight}")
        backgrounds = self.others is not None or self.empties is not None
        if (self.paste or self.hide) and not backgrounds:
            raise ValueError("paste and hide need backgrounds: give --others or --empties, or both")
        if self.variant is not None and self.variant not in BOARD_DEVICES.get(self.board, ()):
            known = ", ".join(BOARD_DEVICES.get(self.board, ())) or "a --board's"
            raise ValueError(f"variant must be one of {known}, not {self.variant}")
        if self.refit_decay <= 0:
            raise ValueError(f"refit_decay must be above 0, not {self.refit_decay}")
        for key in ("threads", "patience", "seed", "weight_decay", "mixup", "cutmix"):
            if getattr(self, key) < 0:
                raise ValueError(f"{key} must be at least 0, not {getattr(self, key)}")
        if self.views_seed is not None and self.views_seed < 0:
            raise ValueError(f"views_seed must be at least 0, not {self.views_seed}")
        if self.seed >= SEEDS:
            raise ValueError(f"seed must be below {SEEDS:,}, not {self.seed}")
        # They check their own.
        _ = self.schedule, self.augmentation, self.again, self.scenes, self.framing
        if self.freeze is not None:
            names = [layer.name for layer in network_of(self.parameters(2)).layers[:-1]]
            if self.freeze not in names:
                raise ValueError(f"freeze must be one of {', '.join(names)}, not {self.freeze}")
        for side, _ in self.schedule.stages:
            if side > MOST["image"]:
                raise ValueError(f"stages: a side must be at most {MOST['image']:,}, not {side}")
            try:
                self._check_batch(side)
            except ValueError as error:
                raise ValueError(f"stages: {side} pixels do not fit the network: {error}") from None
        if self.batch == 1:
            self._check_batch(self.image)
        defaults = {item.name: item.default for item in fields(self)}
        for keys, (there, name) in NEEDS.items():
            for key in keys.split():
                if getattr(self, key) != defaults[key] and not there(self):
                    raise ValueError(f"{key} does nothing without {name}: leave it away")

    def _check_batch(self, side: int) -> None:
        """Batch norms need two values a channel, at every size."""
        network = network_of(replace(self.parameters(2), image_size=side))
        normed = self.batch_norm and self.architecture == "family"
        if normed and self.batch == 1 and network.last.o.pixels == 1:
            raise ValueError(
                f"batch must be at least 2, not 1: the last map of {side}×{side} images is a "
                "single pixel, and a batch norm needs more (or --no-batch-norm)"
            )

    @property
    def schedule(self) -> Schedule:
        return Schedule(
            epochs=self.epochs,
            image=self.image,
            stages=_stages(self.stages),
            rate=self.rate,
            warmup=min(2.0, self.epochs / 2) if self.warmup is None else self.warmup,
        )

    @property
    def framing(self) -> Framing:
        return Framing(self.image, self.shorter_side)

    @property
    def augmentation(self) -> Augmentation:
        return Augmentation(
            **{item.name: getattr(self, item.name) for item in fields(Augmentation)}
        )

    @property
    def again(self) -> Augmentation:
        """What happens to a view at every step."""
        return Augmentation(crop=self.view_crop, colour=self.view_colour, flip=self.flip)

    @property
    def scenes(self) -> Scenes:
        return Scenes(**{item.name: getattr(self, item.name) for item in fields(Scenes)})

    def parameters(self, classes: int) -> Metaparameters | Published:
        """The architecture for a number of classes."""
        if self.architecture != "family":
            return Published(version=self.architecture, classes=classes, image_size=self.image)
        shared = {item.name for item in fields(Metaparameters)} & {
            item.name for item in fields(self)
        }
        return Metaparameters(
            classes=classes, image_size=self.image, **{key: getattr(self, key) for key in shared}
        )

    @classmethod
    def defaults(cls) -> dict[str, str]:
        """As text, the value of every setting that need not be given."""
        given = [item for item in fields(cls) if item.default is not MISSING]
        return {item.name: str(item.default) for item in given}

    def lasting(self) -> dict[str, str]:
        """As text, every setting that changes the result: a resumed run must have the same."""
        passing = ("output", "strict", "nested", "threads", "resume", "report", "board", "variant")
        return {
            item.name: str(getattr(self, item.name))
            for item in fields(self)
            if item.name not in passing
        }


class _Help(argparse.ArgumentDefaultsHelpFormatter):
    """Defaults behind each setting that has one."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        none = action.default is None or action.default == ""
        return action.help if none else super()._get_help_string(action)


def _kind(item) -> type:
    """The type of a setting's value, without None."""
    annotated = get_args(item.type)[0]
    return get_args(annotated)[0] if get_args(annotated) else annotated


def parse(argv: list[str] | None = None) -> Settings:
    """Settings from flags, and from a TOML file that the flags overrule.

    Raises
    ------
    ValueError
        If the TOML file cannot be read or has an unknown key, or a value is out of range.
    """
    parser = Parser(
        prog="python -m model.train",
        description="Train a SqueezeNet on a folder of photographs.",
        formatter_class=_Help,
        examples=(
            "--data photographs --validation-share 0.12 --output runs/mine",
            "--data photographs --output runs/mine --epochs 80 --board icepi-zero",
        ),
    )
    parser.add_argument("--config", type=Path, help="TOML file of these settings, keys as flags")
    for item in fields(Settings):
        more = {"help": get_args(item.type)[1], "default": item.default}
        if item.default is MISSING:
            more["default"] = argparse.SUPPRESS
        if _kind(item) is bool:
            more["action"] = argparse.BooleanOptionalAction
        else:
            more |= {"type": _kind(item), "choices": CHOICES.get(item.name)}
        parser.add_argument("--" + item.name.replace("_", "-"), **more)
    known = {item.name: item for item in fields(Settings)}
    first, values = parser.parse_args(argv), {}
    if first.config is not None:
        try:
            values = tomllib.loads(read_text(first.config))
        except (TextError, tomllib.TOMLDecodeError) as error:
            raise ValueError(
                f"{first.config}: not a TOML file that can be read ({error})"
            ) from None
        values = {key.replace("-", "_"): value for key, value in values.items()}
        for key, value in values.items():
            if key not in known:
                raise ValueError(f"{first.config}: unknown setting {key}; see --help")
            kind = _kind(known[key])
            given = {float: (int, float), Path: str}.get(kind, kind)
            if not isinstance(value, given) or isinstance(value, bool) != (kind is bool):
                raise ValueError(f"{first.config}: {key} must be {kind.__name__}, not {value!r}")
            values[key] = kind(value)
        parser.set_defaults(**values)
        first = parser.parse_args(argv)
    if first.pretrained is not None:
        if first.init is not None:
            parser.error("--pretrained is where it begins: leave --init away")
        recipe = few.settings_of(first.pretrained, first.trained_with)
        parser.set_defaults(**(recipe | values))
    values = vars(parser.parse_args(argv))
    values.pop("config")
    for key in ("data", "output"):
        if key not in values:
            parser.error(f"--{key} is needed, as a flag or in the --config file")
    result = Settings(**values)
    network_of(result.parameters(2))  # before any photograph is read
    return result
