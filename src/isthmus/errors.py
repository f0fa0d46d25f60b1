"""The errors a person may see: each is one clear line that names what is at fault and what to do.

They descend from the built-in error a Python programmer would expect, so ``except ValueError`` works too.
The command line prints any of them on one line and exits with 2; all else is our fault and exits with 1.
"""

__all__ = [
    "CalibrationWarning", "DataError", "IsthmusError", "MissingLibraryError", "ModelError", "OptionError",
    "OutputError", "SchemaWarning", "SoundWarning",
]  # fmt: skip


class IsthmusError(Exception):
    """Anything a person can mend: their data, an option, a model folder, a place to write to."""


class DataError(IsthmusError, ValueError):
    """The data cannot be used as given; the message names the file, row or column."""


class OptionError(IsthmusError, ValueError):
    """An option or hyperparameter is out of its range; the message names it and the range."""


class ModelError(IsthmusError, ValueError):
    """A model folder or checkpoint is missing, damaged or too new; the message names the file."""


class OutputError(IsthmusError, OSError):
    """A result could not be written; what stood there before is untouched."""


class MissingLibraryError(IsthmusError, ImportError):
    """A library is not installed, or cannot be loaded; the message says what to install."""


class CalibrationWarning(UserWarning):
    """There are too few rows to promise what was asked for; the work goes on, and nothing will be flagged."""


class SchemaWarning(UserWarning):
    """Something about the columns that a person should know, and that does not stop the work."""


class SoundWarning(UserWarning):
    """Something about a recording that a person should know, and that does not stop the work."""
