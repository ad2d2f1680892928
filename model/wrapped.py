"""State dicts in the wrappings of other programs: what a file holds, opened and named."""

from collections.abc import Mapping, Sequence

import torch

WRAPPERS = (
    "state_dict",
    "model_state_dict",
    "model_state",
    "model",
    "net",
    "network",
    "module",
    "weights",
    "params",
)
"""Keys under which programs keep a state dict, the commonest first."""

AVERAGES = (
    "model_ema",
    "model_ema_state_dict",
    "ema_state_dict",
    "state_dict_ema",
    "ema_model",
    "ema",
    "params_ema",
)
"""Keys of averaged weights: taken where a file has no others."""

PREFIXES = (
    "module",  # torch's DataParallel and AveragedModel
    "_orig_mod",  # torch.compile
    "model",
    "net",
    "network",
    "backbone",
    "encoder",
    "ema_model",
    "squeezenet",
)
"""What wrapping modules put before the name of every tensor."""


def opened(
    content: Mapping, known: Sequence[str] = ()
) -> tuple[dict[str, torch.Tensor], list[str]]:
    """The tensors of a file, and a word on each wrapping that was taken off.

    Where no key is a usual one, the only state dict in a file is meant.

    Parameters
    ----------
    content
        Of the file.
    known
        Names of tensors as they are without a wrapping: what stands before one of them is one.

    Returns
    -------
    tuple
        Tensors by name, none if there is no state dict inside, and the words.
    """
    said = []
    while not is_state(content):
        inside = [key for key in (*WRAPPERS, *AVERAGES) if isinstance(content.get(key), Mapping)]
        inside = inside or [key for key, value in content.items() if _leads_to_state(value)]
        if not inside or (len(inside) > 1 and inside[0] not in (*WRAPPERS, *AVERAGES)):
            return {}, said
        beside = [key for key in inside[1:] if key in AVERAGES]
        said.append(
            f"weights under {inside[0]}" + (f" (not those under {beside[0]})" if beside else "")
        )
        content = content[inside[0]]
    tensors = {str(name): value for name, value in content.items()}
    tensors.pop("n_averaged", None)  # AveragedModel's own counter
    while prefix := _prefix(tensors) or _before(tensors, known):
        said.append(f"{prefix}. before every name")
        tensors = {name.removeprefix(f"{prefix}."): value for name, value in tensors.items()}
    return tensors, said


def is_state(content: Mapping) -> bool:
    """Whether it is tensors by name, and nothing else."""
    return bool(content) and all(map(torch.is_tensor, content.values()))


def _prefix(tensors: Mapping[str, torch.Tensor]) -> str:
    return next((p for p in PREFIXES if all(n.startswith(f"{p}.") for n in tensors)), "")


def _leads_to_state(value: object) -> bool:
    """Whether there is a state dict in a value, however deep."""
    return isinstance(value, Mapping) and (
        is_state(value) or any(map(_leads_to_state, value.values()))
    )


def _before(tensors: Mapping[str, torch.Tensor], known: Sequence[str]) -> str:
    """What stands before the one tensor of a known name."""
    ends = tuple(f".{name}" for name in known)
    found = [name for name in tensors if ends and name.endswith(ends)]
    if len(found) != 1 or not set(known).isdisjoint(tensors):
        return ""
    return next(found[0].removesuffix(end) for end in ends if found[0].endswith(end))
