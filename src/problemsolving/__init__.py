"""Problem profiles for policing and public health: scan, analyse, respond, assess."""

from __future__ import annotations

__version__ = "0.3.0"
