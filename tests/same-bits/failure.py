"""What went wrong, in words: the one exception of this test."""


class Failure(Exception):
    """Its text is shown."""
