"""A seal on what a profile's cache says of itself, by a key that lies with the user and not with the profile.

Whoever can write into the profile but does not read the user's own settings cannot make a manifest that is believed.
Whoever runs as this user can: the cache then is no safer than the data beside it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

KEY_BYTES = 32
_FILE = "cache.key"


def settings_folder() -> Path:
    """Give this user's folder for settings of the package, outside every profile; it may not be there yet."""
    if sys.platform == "win32":
        base = os.environ.get("APPDATA") or "~/AppData/Roaming"
    elif sys.platform == "darwin":
        base = "~/Library/Application Support"
    else:
        base = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(base).expanduser() / "problemsolving"


def seal(content: dict[str, Any]) -> str:
    """Give the keyed hash (HMAC-SHA-256, RFC 2104) of plain JSON, 64 hexadecimal digits.

    Raises
    ------
    OSError
        When the key can neither be read nor made.
    """
    text = json.dumps(content, sort_keys=True).encode()
    return hmac.new(_key(), text, hashlib.sha256).hexdigest()


def is_sealed(content: dict[str, Any], told: object) -> bool:
    """Tell whether a seal is the one that this user's key gives; raise OSError as :func:`seal`."""
    return isinstance(told, str) and told.isascii() and hmac.compare_digest(seal(content), told)


def _key() -> bytes:
    """Read the key, or make it; one that others may read, or that is not whole, is made anew."""
    path = settings_folder() / _FILE
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(FileNotFoundError):
        found = path.lstat()
        loose = os.name == "posix" and (found.st_uid != os.getuid() or found.st_mode & 0o077)
        if not loose and not path.is_symlink() and found.st_size == KEY_BYTES:
            return path.read_bytes()
        path.unlink()
    made = secrets.token_bytes(KEY_BYTES)
    temporary = path.with_name(f".{_FILE}.{os.getpid()}.{secrets.token_hex(4)}.tmp")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(made)
    try:
        os.link(temporary, path)  # the first of several processes wins
    except FileExistsError:
        made = path.read_bytes()
    except OSError:  # no links on this disk
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return made
