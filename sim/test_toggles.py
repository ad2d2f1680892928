"""What Verilator counts is read as it was written; what sleeps is in ``sim/test_sleep.py``."""

from sim.toggles import counted

SAIF = """(SAIFILE
(SAIFVERSION "2.0")
(DIRECTION "backward")
(DURATION 77)
(INSTANCE top
  (NET (clk (T0 0) (T1 77) (TZ 0) (TX 0) (TB 0) (TC 1)) (data\\[0\\] (T0 5) (T1 72) (TC 12)))
  (INSTANCE core (NET (a (TC 3))) (INSTANCE adder (NET (a (TC 40)))))
  (INSTANCE link (NET (a (TC 500))))
)
)
"""


def test_each_net_has_its_instances_and_its_count():
    assert list(counted(SAIF)) == [
        (("top",), 1),
        (("top",), 12),
        (("top", "core"), 3),
        (("top", "core", "adder"), 40),
        (("top", "link"), 500),
    ]
