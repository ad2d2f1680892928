"""What the network learns: PyTorch, float."""
