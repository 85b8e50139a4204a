"""Where the templates and the data dictionary lie: packaged, else in the checkout."""

from __future__ import annotations

from pathlib import Path

from problemsolving.errors import DictionaryError

_HERE = Path(__file__).resolve().parent


def resource_path(name: str) -> Path:
    """Find ``templates`` or ``data_dictionary`` (and what lies below).

    Parameters
    ----------
    name : str
        A path below the resource root, with forward slashes.

    Returns
    -------
    pathlib.Path
        The packaged file or folder, else that of the checkout.

    Raises
    ------
    DictionaryError
        When neither place has it.
    """
    for root in (_HERE / "_resources", _HERE.parents[1]):
        if (root / name).exists():
            return root / name
    raise DictionaryError(f"{name} is not part of this installation; install problemsolving again")
