"""The one error a model file can cause."""


class ArtifactError(ValueError):
    """A model file that cannot be read or written; the message is one line with the way out."""
