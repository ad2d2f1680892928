"""What circuit computes it, on which board."""
