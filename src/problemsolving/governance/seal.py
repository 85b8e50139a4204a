"""A seal on each finding of a run, so that an output made by hand is not taken for one."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

VARIABLE = "PROBLEMSOLVING_SEAL"
_KEY = "seal"


@contextmanager
def sealing() -> Iterator[bytes]:
    """Give the kernels started meanwhile a key of their own, in their environment alone; it is never written.

    The key tells what the package made from what a cell made up. It does not bind an author who means to deceive:
    a cell can read its own environment.
    """
    key = secrets.token_bytes(32)
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = key.hex()
    try:
        yield key
    finally:
        os.environ.pop(VARIABLE, None)
        if before is not None:
            os.environ[VARIABLE] = before


def sealed(payload: dict[str, Any]) -> dict[str, Any]:
    """Give a finding's payload with its seal; without one where no run asked for it."""
    key = os.environ.get(VARIABLE, "")
    return {**payload, _KEY: _mark(payload, bytes.fromhex(key))} if key else payload


def unsealed(payload: object, key: bytes) -> dict[str, Any] | None:
    """Give the payload without its seal, or None where the seal is missing or another's."""
    if not isinstance(payload, dict) or not isinstance(payload.get(_KEY), str):
        return None
    content = {name: value for name, value in payload.items() if name != _KEY}
    return content if hmac.compare_digest(payload[_KEY], _mark(content, key)) else None


def _mark(payload: dict[str, Any], key: bytes) -> str:
    written = json.dumps(payload, sort_keys=True, ensure_ascii=True, default=str).encode()
    return hmac.new(key, written, hashlib.sha256).hexdigest()
