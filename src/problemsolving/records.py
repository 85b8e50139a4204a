"""Reading and writing the project's small files: YAML 1.2 as typed, JSON, atomic writes."""

from __future__ import annotations

import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

from problemsolving.errors import ParameterError

MAX_BYTES = 64_000
MAX_DEPTH = 20


def read_yaml(path: Path, *, own: bool = False) -> dict[str, Any]:
    """Read a YAML mapping in which every scalar stays the text that was typed.

    ``00123``, ``5E1``, ``NO`` and ``nan`` are codes and stay so: the reader of a field gives it its type.

    Parameters
    ----------
    path : pathlib.Path
        A UTF-8 file of at most 64 kB.
    own : bool
        One of the package's own files: read by a faster reader, without looking for anchors, tags and depth first.

    Returns
    -------
    dict
        Strings, lists and dicts alone.

    Raises
    ------
    ParameterError
        For a missing or unreadable file, a duplicated key, an anchor, an alias or a tag, with the line.
    """
    if own:
        return _own_yaml(path)
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError
    from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent

    name = path.name
    try:
        raw = path.read_bytes()
        if len(raw) > MAX_BYTES:
            raise ParameterError(f"{name}: larger than {MAX_BYTES:,} bytes")
        text = raw.decode("utf-8-sig")
    except OSError as error:
        raise ParameterError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError as error:
        raise ParameterError(f"{name}: not UTF-8 at byte {error.start}; save it as UTF-8") from None
    try:
        depth = 0
        for event in YAML(typ="base", pure=True).parse(text):
            depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
            if depth > MAX_DEPTH:
                raise ParameterError(f"{name}, line {event.start_mark.line + 1}: nested too deeply")
            if isinstance(event, AliasEvent) or getattr(event, "anchor", None):
                raise ParameterError(f"{name}, line {event.start_mark.line + 1}: anchors and aliases are not read")
            if getattr(event, "tag", None) is not None:
                raise ParameterError(f"{name}, line {event.start_mark.line + 1}: tags (!…) are not read")
        loaded = YAML(typ="base", pure=True).load(text)
    except (YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        what = str(getattr(error, "problem", None) or "nested too deeply").split('"')[0].strip()
        raise ParameterError(f"{name}{line}: {what}") from None
    if not isinstance(loaded, dict):
        raise ParameterError(f"{name}: expected keys and values")
    return {str(key): _joined(value) for key, value in loaded.items()}


def _own_yaml(path: Path) -> dict[str, Any]:
    """Read a file of the package with every scalar as the text that stands there."""
    import yaml

    try:
        loaded = yaml.load(path.read_text("utf-8"), Loader=getattr(yaml, "CBaseLoader", yaml.BaseLoader))
    except (yaml.YAMLError, OSError, UnicodeDecodeError):
        raise ParameterError(f"{path.name}: cannot be read as YAML") from None
    if not isinstance(loaded, dict):
        raise ParameterError(f"{path.name}: expected keys and values")
    return loaded


def shown(path: Path) -> str:
    """Name a file with its folder, as people find it.

    >>> shown(Path("profile/sharing/areas.yml")), shown(Path("areas.yml"))
    ('sharing/areas.yml', 'areas.yml')
    """
    return f"{path.parent.name}/{path.name}" if path.parent.name else path.name


def _joined(value: Any) -> Any:
    """Join the surrogate pairs that JSON escapes leave (an emoji written as ``\\ud83d\\ude00``)."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_joined(item) for item in value]
    if isinstance(value, dict):
        return {_joined(key): _joined(item) for key, item in value.items()}
    return value


def to_json(value: Any) -> str:
    """Write JSON that is the same bytes for the same value; NaN is refused."""
    return json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _replace(temporary: Path, path: Path) -> None:
    """Rename over the target; wait a second where another process holds it open, as Windows forbids it then."""
    for _ in range(20):
        try:
            temporary.replace(path)
        except PermissionError:
            time.sleep(0.05)
        else:
            return
    temporary.replace(path)


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write to a temporary name beside the target, flush to disk, then rename.

    A reader sees the old file or the new one, whole, whatever happens in between.
    """
    raw = content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(raw)
            stream.flush()
            os.fsync(stream.fileno())
        if os.name == "posix":
            umask = os.umask(0)
            os.umask(umask)
            Path(temporary).chmod(0o666 & ~umask)
        _replace(Path(temporary), path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
