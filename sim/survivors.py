"""Why a mutant may go unseen: it changes no value and no cycle. Each reason was looked at."""

import re

REASONS: dict[str, tuple[tuple[str, str], ...]] = {
    "circuit": ((", which drives nothing$", "yosys removes it from the netlist"),),
    "reference": (
        (
            r"^spec\.arith:.*\| (MULTIPLIER_BITS|ACCUMULATOR_BITS|WEIGHT_MAX|SCALE_LOG2_RANGE)\b",
            "a limit, which only refuses",
        ),
        (r"\| limit = 1 <<", "a limit, which only refuses"),
        (r"^spec\.arith:.*\| (weight = np\.abs|return int\(\(weight)", "a limit's computation"),
        (r"^spec\.arith:.*16 → 1[57] \| SHIFT = 16", "file and arithmetic scale alike"),
        (r"^spec\.reference:.*\| BEST = ", "names for people, no tensor"),
        (r"\| (kernel|stride): int = ", "a default that every caller overrides"),
        (r"\.reshape\((channels, )?-1", "NumPy takes any negative size for the rest"),
        (r"1 → 2 \| tap = ", "a pixel more, which a stride of two skips"),
        (r"^spec\.parse:.*\| (batch, \*shape|if tensor\.elem_type)", "only refuses"),
        (r"True → False \| .*strict=True", "only refuses"),
        (r"0 → -1 \| (tensor = graph\.input|node = readers)", "the first is the only one"),
        (r"\| kernel=weight\.shape\[", "kernels are square"),
    ),
    "plan": (),
}
"""By what is mutated: a pattern of the mutant as it is printed, and the reason."""


def reason(what: str, mutant: str) -> str:
    """Why this mutant changes nothing that is promised; empty if that is not known."""
    return next((why for pattern, why in REASONS[what] if re.search(pattern, mutant)), "")
