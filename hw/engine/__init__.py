"""The engine: everything between the memories that computes."""
