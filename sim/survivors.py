"""Why a mutant may go unseen: it changes no value and no cycle. Each reason was looked at."""

import re

REASONS: dict[str, tuple[tuple[str, str], ...]] = {
    "circuit": (
        (", which changes nothing$", "yosys removes it from the netlist"),
        (r"^cnot1 \$reduce_(or|bool) ", "either of two and one of them, or both: the same"),
        (r"^cnot0 \$reduce_and ", "both of two and one of them, or none: the same"),
        (
            r"^cnot1 .* by \[14\] \(machine\.pool\.meta_\d\[1[1-3]\]\)",
            "lanes of a class sum's word, which is not stored",
        ),
        (
            r"^cnot1 .* by \[13\] \(machine\.writer\.o__payload\[29\]\)",
            "only class sums ask whether it is the first of a group, and their address is 0",
        ),
        (
            r"^cnot0 .* by \[1\] \(load\[(3[2-9]|[4-9]\d|1\d\d)\]\)",
            "beyond the words of the registers and of the weights, the memories of such a number",
        ),
        (
            r"^const0 .*\(machine\.writer\.offset\[([89]|10)\]\)",
            "no plane of the activation memory, which has 220 words, has 256",
        ),
        (
            r"^cnot1 .* by \[21\] \(machine\.writer\.coming\[\d+\]\)",
            "no plane of the activation memory, which has 220 words, has 1,024",
        ),
        (
            r"^cnot1 \$sdffe .*\.D\[\d+\] by \[31\] \(program\$\d+\.read_data\[109\]\)",
            "no plane of the activation memory, which has 220 words, has 512",
        ),
        (r"^const0 .*\(value\[10\]\)", "no plane of the ring of patches, 10 rows of 33, has 1,024"),
    ),
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
