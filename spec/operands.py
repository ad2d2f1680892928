"""What one ONNX node brings along: attributes, constants, scales, zero points; each checked."""

import math

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from spec import arith
from spec.error import ArtifactError

REQUANTIZE = (
    "requantize it with `python -m quant FILE.onnx --trained-with NAME --data DIR "
    "--output NEW.onnx`"
)
"""The way out of nearly every refusal."""


def name(node: onnx.NodeProto) -> str:
    """A node is called by its output, whatever its own name."""
    return node.output[0] if node.output else node.name


def attributes(node: onnx.NodeProto, *keys: str) -> tuple:
    """The values of these attributes, in this order; a node with others or fewer is refused."""
    values = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    if sorted(values) != sorted(keys):
        raise ArtifactError(
            f"{name(node)}: attributes must be {', '.join(keys)}, "
            f"not {', '.join(sorted(values)) or 'none'}; {REQUANTIZE}"
        )
    return tuple(values[key] for key in keys)


def equal(node: onnx.NodeProto, key: str, values: list[int], count: int) -> int:
    """The one number that an attribute repeats ``count`` times: the family is square."""
    if len(values) != count or len(set(values)) != 1:
        raise ArtifactError(
            f"{name(node)}: {key} must be {count} equal numbers, not {list(values)}; {REQUANTIZE}"
        )
    return values[0]


def constant(node: onnx.NodeProto, tensor: onnx.TensorProto | None, index: int) -> np.ndarray:
    """The value of the node's input ``index``, stored in the graph as ``tensor``."""
    if tensor is None:
        raise ArtifactError(
            f"{name(node)}: its input {node.input[index]} must be a constant; {REQUANTIZE}"
        )
    if tensor.data_location == TensorProto.EXTERNAL:
        raise ArtifactError(
            f"{tensor.name}: must be stored in the file itself, not beside it; {REQUANTIZE}"
        )
    try:
        return np.array(numpy_helper.to_array(tensor))
    except (ValueError, TypeError, KeyError) as error:
        raise ArtifactError(f"{tensor.name}: cannot be read ({error}); {REQUANTIZE}") from error


def check_zero_point(
    node: onnx.NodeProto, what: str, value: np.ndarray, allowed: tuple[int, ...]
) -> None:
    """Refuse any zero point but an int8 scalar of ``allowed``."""
    if value.shape != () or value.dtype != np.int8 or int(value) not in allowed:
        shown = value.tolist() if value.size == 1 else f"of shape {value.shape}"
        raise ArtifactError(
            f"{name(node)}: the {what} zero point must be int8 {' or '.join(map(str, allowed))}, "
            f"not {value.dtype} {shown}; {REQUANTIZE}"
        )


def scale_log2(node: onnx.NodeProto, what: str, value: np.ndarray) -> int:
    """The exponent of a tensor's scale, which must be one power of two."""
    single = value.shape == () and value.dtype == np.float32
    mantissa, exponent = math.frexp(value) if single else (0.0, 0)
    if mantissa != 0.5:
        shown = value if single else f"{value.dtype} of shape {value.shape}"
        raise ArtifactError(
            f"{name(node)}: the {what} scale must be one float32 power of two, not {shown}; "
            f"{REQUANTIZE}"
        )
    return exponent - 1


def multiplier(node: onnx.NodeProto, scale: np.ndarray, ratio_log2: int) -> np.ndarray:
    """``M`` of each channel, int32, from weight scales of ``M · 2^-16 · s_out / s_in``.

    ``ratio_log2`` is ``log2(s_out / s_in)``.
    """
    if scale.dtype != np.float32:
        raise ArtifactError(
            f"{name(node)}: the weight scale must be float32, not {scale.dtype}; {REQUANTIZE}"
        )
    exact = scale.astype(np.float64) * 2.0 ** (arith.SHIFT - ratio_log2)
    limit = 1 << arith.MULTIPLIER_BITS
    wrong = np.flatnonzero(~((exact == np.rint(exact)) & (exact >= 1) & (exact < limit)))
    if wrong.size:
        raise ArtifactError(
            f"{name(node)}: the weight scale of channel {wrong[0]} is {scale.flat[wrong[0]]:.9g}, "
            f"not one of 1…{limit - 1} times 2^{ratio_log2 - arith.SHIFT} (not dyadic); "
            f"{REQUANTIZE}"
        )
    return exact.astype(np.int32)
