"""Somebody else's ONNX file: what it computes, as a network of the family and its weights."""
