"""A locked-down profile: nothing that runs in it may call out."""

from __future__ import annotations

import sys
from typing import Any

_LOCAL = ("127.", "localhost", "::1")
_installed = False


def refuse_connections() -> None:
    """Refuse, from now on in this process, every connection but those to this machine itself."""
    global _installed
    if _installed:
        return

    def guard(event: str, arguments: tuple[Any, ...]) -> None:
        if (
            event == "socket.connect"
            and isinstance(arguments[1], tuple)
            and not str(arguments[1][0]).startswith(_LOCAL)
        ):
            raise PermissionError("this profile is locked down: no connection leaves this machine")

    sys.addaudithook(guard)
    _installed = True
