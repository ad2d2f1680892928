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
        (
            r"^(const1 .*\(program\$\d+\.outreg\[10[5-7]\]\)"
            r"|cnot1 .* by \[8\] \(machine\.writer\.offset\[9\]\))",
            "an address of the activation memory, which has 220 words, is eight bits of the sum",
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
    "plan": (
        (r"True → False \| .*strict=True", "only refuses"),
        (
            r"^plan\.capacities:.*0 → 1 \| return self\.stream_rows >",
            "a pass has four rows or more",
        ),
        (r"^plan\.contents:.*\| weights=inside or \[0\]", "a word that no step reads"),
        (
            r"^plan\.contents:.*1 → 2 \| weight = weight\.transpose",
            "NumPy takes any negative size for the rest",
        ),
        (r"^plan\.instruction:.*1 → 2 \| \"wait\": QUEUE", "2 has as many bits as 3"),
        (r"^plan\.schedule:.*0 → -1 \| ready = 0", "no tile ends before the first row does"),
        (r"^plan\.schedule:.*1 → 2 \| return max\(1", "a ring of two rows where one would do"),
        (
            r"^plan\.schedule:.*FloorDiv → Mult \| rows = min",
            "the next line's third number keeps tiles as small as they must be",
        ),
        (r"^plan\.search:.*\| PRICES =", "a step's price: whatever it is, the plan is right"),
        (r"^plan\.search:.*Lt → LtE \| if rows", "either of two that cost the same"),
        (r"^plan\.search:.*Add → Sub \| target: self", "less is left out of what is tried"),
        (
            r"^plan\.search:.*1 → 2 \| for count in range",
            "with all weights on the chip the caller has ended the loop",
        ),
        (r"^plan\.search:.*0 → -1 \| o = phase\.producers", "both expands' maps are as large"),
        (r"^plan\.search:.*\| for target in \(default", "one size of tiles more or less to try"),
        (
            r"^plan\.schedule:.*4 → 3 \| QUEUE =",
            "two passes take longer than a word's way: of three steps before, the first is done",
        ),
        (
            r"^plan\.memory_map:.*\| blocks\.append\(\[\*block\] \+ \[-1\]",
            "the byte of a channel that there is not is zero, whatever its weight",
        ),
        (
            r"^plan\.memory_map:.*Sub → Add \| numbers \+= \[-1\]",
            "more bytes than the words that are made of them",
        ),
        (r"^plan\.memory_map:.*\| base=0,", "replaced when all sizes are known"),
        (r"^plan\.memory_map:.*\| planes=len\(inputs\[reader", "both expands read the same"),
        (
            r"^plan\.memory_map:.*0 → -1 \| read = \[0",
            "nothing of the first phase lies at the memory's end",
        ),
        (r"^plan\.planner:.*\| \"stream_rows\": max\(1", "a row that no step takes"),
        (r"^plan\.planner:.*96 → 9[57] \| usual =", "about so many: tiles are rows"),
        (r"^plan\.room:.*Gt → GtE \| if design_ebr", "a design of just as many EBR: less room"),
        (r"^plan\.room:.*\| least, beyond = .*, 1 << 20", "more words than any device has"),
        (
            r"^plan\.starved:.*Lt → LtE \| while self\._y < g\.scan_rows",
            "a row below the image, of which no pixel is asked for",
        ),
        (r"^plan\.starved:.*0 → -1 \| at = self\.taken", "the first chunk is whole in cycle 0"),
        (
            r"^plan\.starved:.*1 → 0 \| resting = first \+ 1",
            "in the cycle in which it is taken no pixel is asked for in vain",
        ),
        (r"^plan\.steps:.*\| nowhere = Region", "class sums have no addresses"),
        (r"^plan\.steps:.*1 → 2 \| wait = min\(QUEUE - 1", "three steps are never unfinished"),
        (r"^plan\.steps:.*0 → 1 \| pool = tile", "neither of the two kernels"),
        (r"^plan\.steps:.*0 → 1 \| \"slot\"", "without a pool nothing is kept in a slot"),
        (r"^plan\.steps:.*\| tile = Tile\(conv=conv, pool=None", "a border's fields are given"),
        (r"^plan\.steps:.*1 → 0 \| \"i_plane\": 1", "a border reads nothing"),
        (r"^plan\.window:.*\| pixels: int = 1", "a default that every caller overrides"),
    ),
}
"""By what is mutated: a pattern of the mutant as it is printed, and the reason."""


def reason(what: str, mutant: str) -> str:
    """Why this mutant changes nothing that is promised; empty if that is not known."""
    return next((why for pattern, why in REASONS[what] if re.search(pattern, mutant)), "")
