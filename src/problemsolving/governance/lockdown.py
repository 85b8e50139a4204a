"""A locked-down profile: nothing that runs in its notebooks' own process may call out."""

from __future__ import annotations

import ipaddress
import sys
from typing import Any

_CALLS = ("socket.connect", "socket.sendto", "socket.sendmsg")
_installed = False


def refuse_connections() -> None:
    """Refuse, from now on in this process, every connection and datagram but those to this machine itself.

    Child processes are not watched: a notebook that starts another program can still call out through it.
    """
    global _installed
    if _installed:
        return

    def guard(event: str, arguments: tuple[Any, ...]) -> None:
        if event in _CALLS and isinstance(arguments[1], tuple) and not _is_here(str(arguments[1][0])):
            raise PermissionError("this profile is locked down: no connection leaves this machine")

    sys.addaudithook(guard)
    _installed = True


def _is_here(host: str) -> bool:
    if host in ("localhost", ""):
        return True
    try:
        return ipaddress.ip_address(host.split("%")[0]).is_loopback
    except ValueError:
        return False
