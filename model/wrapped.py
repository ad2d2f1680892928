"""State dicts in the wrappings of other programs: what a file holds, opened and named."""

from collections.abc import Mapping

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


def opened(content: Mapping) -> tuple[dict[str, torch.Tensor], list[str]]:
    """The tensors of a file, and a word on each wrapping that was taken off.

    Returns
    -------
    tuple
        Tensors by name, none if there is no state dict inside, and the words.
    """
    said = []
    while not is_state(content):
        inside = [key for key in (*WRAPPERS, *AVERAGES) if isinstance(content.get(key), Mapping)]
        if not inside:
            return {}, said
        beside = [key for key in inside[1:] if key in AVERAGES]
        said.append(
            f"weights under {inside[0]}" + (f" (not those under {beside[0]})" if beside else "")
        )
        content = content[inside[0]]
    tensors = {str(name): value for name, value in content.items()}
    tensors.pop("n_averaged", None)  # AveragedModel's own counter
    while prefix := _prefix(tensors):
        said.append(f"{prefix}. before every name")
        tensors = {name.removeprefix(f"{prefix}."): value for name, value in tensors.items()}
    return tensors, said


def is_state(content: Mapping) -> bool:
    """Whether it is tensors by name, and nothing else."""
    return bool(content) and all(map(torch.is_tensor, content.values()))


def _prefix(tensors: Mapping[str, torch.Tensor]) -> str:
    return next((p for p in PREFIXES if all(n.startswith(f"{p}.") for n in tensors)), "")
