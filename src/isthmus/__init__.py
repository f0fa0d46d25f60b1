"""Isthmus turns unlabelled data into useful things with auto-encoders."""

from isthmus.version import __version__

__all__ = ["__version__"]
