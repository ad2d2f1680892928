"""Around the core: clocks, the serial link, lamps and buttons, and the table of boards."""
