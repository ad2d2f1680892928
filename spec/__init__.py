"""What number comes out: the arithmetic contract, the geometry, the artifact, the reference."""
