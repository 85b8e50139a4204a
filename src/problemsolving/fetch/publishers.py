"""Publishers of open data as typed entries of ``data_dictionary/publishers.yml``, and which addresses they may use."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from problemsolving.errors import DictionaryError, ParameterError, nearest
from problemsolving.records import read_yaml
from problemsolving.resources import resource_path

if TYPE_CHECKING:
    import httpx

ENVIRONMENT = "PROBLEMSOLVING_FETCH_"


class Publisher(BaseModel):
    """Where one kind of open data is published, and what a file of it must be."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    publisher: str
    licence: str
    read_on: str
    page: str
    base: str
    hosts: tuple[str, ...]
    path: str
    file: str
    container: Literal["csv", "zip"]
    content_types: tuple[str, ...]
    max_bytes: int
    header: tuple[str, ...] = ()
    source: str | None = None
    hint: str = ""  # what to do when there is no such file

    @property
    def is_here(self) -> bool:
        """Whether the base is this machine (a mirror or a test)."""
        import httpx

        return is_loopback(httpx.URL(self.base).host)

    def admits(self, url: httpx.URL) -> bool:
        """Tell whether an address may be asked: https on a host of the publisher, or this machine if the base is."""
        import httpx

        base = httpx.URL(self.base)
        if url.userinfo or url.scheme not in ("http", "https"):
            return False
        if is_loopback(url.host):
            return self.is_here
        if url.scheme != "https":
            return False
        return (url.host, url.port) == (base.host, base.port) or (url.host in self.hosts and url.port is None)


def is_loopback(host: str) -> bool:
    """Tell whether a host names this machine.

    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("example.org")
    (True, True, False)
    """
    if host.casefold() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]").split("%")[0]).is_loopback
    except ValueError:
        return False


@cache
def _entries() -> dict[str, Publisher]:
    try:
        raw = read_yaml(resource_path("data_dictionary/publishers.yml"))
        return {name: Publisher.model_validate(entry) for name, entry in raw.items()}
    except ParameterError as error:
        raise DictionaryError(error.message) from None
    except ValidationError as error:
        faults = [".".join(map(str, fault["loc"])) + ": " + fault["msg"] for fault in error.errors()]
        raise DictionaryError("data_dictionary/publishers.yml is not valid", faults=faults) from None


def publisher(name: str, *, base: str | None = None, environment: Mapping[str, str] | None = None) -> Publisher:
    """Give a publisher; its base may be replaced, for a mirror or a test.

    Parameters
    ----------
    name : str
        A key of ``publishers.yml``.
    base : str, optional
        Scheme and host that take the place of the publisher's; goes before the environment.
    environment : mapping, optional
        Where ``PROBLEMSOLVING_FETCH_<NAME>`` is looked up; the process's own when not given.

    Raises
    ------
    ParameterError
        When the base is no https address; http is taken for this machine alone.

    Examples
    --------
    >>> publisher("police-uk", environment={}).hosts[0]
    'data.police.uk'
    """
    import httpx

    known = _entries()
    if name not in known:
        raise ParameterError(f'no publisher "{name}"{nearest(name, known)}')
    variable = ENVIRONMENT + name.upper().replace("-", "_")
    place = base or (os.environ if environment is None else environment).get(variable) or ""
    if not place:
        return known[name]
    option = "--base" if base else variable
    try:
        url = httpx.URL(place.rstrip("/"))
    except httpx.InvalidURL:
        raise ParameterError(f"{option}: not an address; write for example https://mirror.example.org") from None
    if not url.host or url.userinfo or url.query or url.fragment:
        raise ParameterError(f"{option}: write scheme and host (and a path), without user, query or fragment")
    if url.scheme != "https" and not (url.scheme == "http" and is_loopback(url.host)):
        raise ParameterError(f"{option}: must begin with https:// (http:// is for this machine alone)")
    return known[name].model_copy(update={"base": str(url)})
