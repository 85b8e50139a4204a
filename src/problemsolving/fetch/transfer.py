"""One file over HTTP: goes on where it stopped, tries again with patience, believes nothing it is told."""

from __future__ import annotations

import contextlib
import email.utils
import re
import shutil
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from problemsolving import __version__
from problemsolving.errors import FetchError
from problemsolving.fetch.bodies import pieces, wrong_beginning
from problemsolving.fetch.parts import Download, Part
from problemsolving.fetch.publishers import Publisher

if TYPE_CHECKING:
    import httpx
    import tenacity

USER_AGENT = f"problemsolving/{__version__} (fetches open data for analysis, one file at a time)"
_REDIRECTS = (301, 302, 303, 307, 308)
_LATER = (408, 425, 429, 500, 502, 503, 504)
_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)\Z")


@dataclass(frozen=True, kw_only=True)
class Manners:
    """How patient and how polite: seconds, and counts. A test sets small ones."""

    attempts: int = 6
    first_wait: float = 1.0
    longest_wait: float = 120.0
    connect: float = 15.0
    read: float = 60.0
    total: float = 7_200.0
    pause: float = 1.0
    redirects: int = 5


class _RetryError(Exception):
    """An attempt failed in a way that may pass."""

    def __init__(self, why: str, *, after: float = 0.0) -> None:
        super().__init__(why)
        self.after = after


class Fetcher:
    """One connection to one publisher.

    Parameters
    ----------
    publisher : Publisher
        Whose addresses, types and sizes are allowed.
    manners : Manners, optional
        The package's own when not given.
    """

    def __init__(self, publisher: Publisher, *, manners: Manners | None = None) -> None:
        import httpx

        self.publisher = publisher
        self.manners = manners or Manners()
        self._free_from = 0.0
        self._socket: socket.socket | None = None
        self._client = httpx.Client(
            follow_redirects=False,
            trust_env=not publisher.is_here,  # proxies and certificates of the environment
            timeout=httpx.Timeout(self.manners.read, connect=self.manners.connect),
            limits=httpx.Limits(max_connections=1),
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity", "Accept": "*/*"},
        )

    def __enter__(self) -> Fetcher:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._client.close()

    def download(self, path: str, target: Path) -> Download:
        """Bring a file to ``<target>.part``; a broken-off one is continued.

        Parameters
        ----------
        path : str
            Path and query at the publisher.
        target : pathlib.Path
            Where the file shall lie once the caller has checked it and renamed it with `finish`.

        Raises
        ------
        FetchError
            When the address, the answer or the body is not right, or the publisher cannot be reached in the
            attempts and the time allowed. The part stays where going on makes sense.
        """
        import tenacity

        m = self.manners
        target.parent.mkdir(parents=True, exist_ok=True)
        backoff = tenacity.wait_exponential(multiplier=m.first_wait, max=m.longest_wait)
        jitter = tenacity.wait_random(0, m.first_wait)

        def wait(state: tenacity.RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            return jitter(state) + max(backoff(state), error.after if isinstance(error, _RetryError) else 0.0)

        attempts = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(m.attempts) | tenacity.stop_before_delay(m.total),
            wait=wait,
            retry=tenacity.retry_if_exception_type(_RetryError),
            reraise=True,
        )
        deadline = time.monotonic() + m.total
        try:
            return attempts(self._attempt, path, target, deadline)
        except _RetryError as error:
            raise FetchError(
                f"{target.name}: not fetched ({error}); run the command again later, it goes on where it stopped",
            ) from None

    def _attempt(self, path: str, target: Path, deadline: float) -> Download:
        import httpx

        try:
            return self._try(path, target, deadline)
        except httpx.TransportError as error:
            if time.monotonic() >= deadline:
                raise self._too_late(target) from None
            chain = list(_causes(error))
            if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in chain):
                raise FetchError(
                    f"{self._host}: its certificate is not trusted here; if your organisation inspects traffic, set "
                    "SSL_CERT_FILE to its certificates"
                ) from None
            if any(isinstance(cause, PermissionError) for cause in chain):
                raise FetchError(
                    f"{self._host}: this machine does not allow the connection (locked down, or a firewall)"
                ) from None
            raise _RetryError(_in_words(error)) from None

    def _try(self, path: str, target: Path, deadline: float) -> Download:
        part = Part(target)
        offset = part.offset(path)
        if offset and offset == part.state.get("total"):
            return part.download
        headers = {"Range": f"bytes={offset}-", "If-Range": part.validator} if offset else {}
        self._wait_our_turn()
        with self._until(deadline), contextlib.ExitStack() as stack:
            response = self._open(path, headers)
            stack.callback(response.close)
            if response.status_code == 416 and offset:
                part.forget()
                raise _RetryError("the file changed while it was fetched")
            self._check_status(response, target)
            self._check_type(response, target)
            offset = self._begin(part, response, offset, path)
            self._write(part, response, offset, deadline)
        return part.download

    @contextlib.contextmanager
    def _until(self, deadline: float) -> Iterator[None]:
        """Shut the connection at the deadline: a server that sends a byte now and then meets no limit of one reading."""

        def shut() -> None:
            if self._socket is not None:
                with contextlib.suppress(OSError):  # closed already
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

        timer = threading.Timer(max(0.0, deadline - time.monotonic()), shut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _note_socket(self, event: str, info: dict[str, Any]) -> None:
        stream = info.get("return_value")
        if stream is not None and event.endswith((".connect_tcp.complete", ".start_tls.complete")):
            self._socket = stream.get_extra_info("socket")

    def _too_late(self, target: Path) -> FetchError:
        return FetchError(
            f"{target.name}: not whole after {self.manners.total:,.0f} seconds; run the command again, it goes on where "
            "it stopped"
        )

    @property
    def _host(self) -> str:
        import httpx

        return httpx.URL(self.publisher.base).host

    def _wait_our_turn(self) -> None:
        time.sleep(max(0.0, self._free_from - time.monotonic()))
        self._free_from = time.monotonic() + self.manners.pause

    def _open(self, path: str, headers: dict[str, str]) -> httpx.Response:
        """Ask for the file and follow redirects, each only to where the publisher may send us."""
        import httpx

        url = httpx.URL(self.publisher.base.rstrip("/") + path)
        for _ in range(self.manners.redirects + 1):
            if not self.publisher.admits(url):
                raise FetchError(
                    f"{self._host} sends on to {url.scheme}://{url.host}, which is not an https address of this "
                    "publisher; nothing was fetched. If the publisher has moved, add the host to publishers.yml"
                )
            request = self._client.build_request("GET", url, headers=headers, extensions={"trace": self._note_socket})
            response = self._client.send(request, stream=True)
            if response.status_code not in _REDIRECTS:
                return response
            response.close()
            try:
                url = url.join(response.headers.get("Location", ""))
            except httpx.InvalidURL:
                raise FetchError(f"{self._host} sends on to something that is no address") from None
        raise FetchError(f"{self._host} sends on more than {self.manners.redirects} times; nothing was fetched")

    def _check_status(self, response: httpx.Response, target: Path) -> None:
        status = response.status_code
        if status in (200, 206):
            return
        if status in _LATER:
            after = _retry_after(response.headers.get("Retry-After", ""))
            if after > self.manners.longest_wait:
                raise FetchError(
                    f"{self._host} asks to be left alone for {after:,.0f} seconds; run the command again after that"
                )
            raise _RetryError(f"status {status}", after=after)
        raise FetchError(
            f"{target.name}: {self._host} answers with status {status}"
            + (f"; there is no such file there{self.publisher.hint}" if status in (404, 410) else "")
            + f". Look it up at {self.publisher.page} and mend publishers.yml, or see how to carry files over by hand "
            "in docs/how-to/fetch-open-data.md"
        )

    def _check_type(self, response: httpx.Response, target: Path) -> None:
        said = response.headers.get("Content-Type", "").split(";")[0].strip().lower()
        if said and said not in self.publisher.content_types:
            what = "a web page" if "html" in said else "another type of content"
            raise FetchError(
                f"{target.name}: {self._host} sends {what}, not {self.publisher.container}; an error page or a sign-in "
                f"page? Open {self.publisher.page} in a browser"
            )

    def _begin(self, part: Part, response: httpx.Response, offset: int, path: str) -> int:
        """Decide from the answer whether the part is continued or begun again; give where writing starts."""
        headers = response.headers
        length = _whole(headers.get("Content-Length", ""))
        if response.status_code == 206:
            found = _RANGE.match(headers.get("Content-Range", ""))
            total = int(found[3]) if found and found[3] != "*" else None
            packed = headers.get("Content-Encoding", "identity").lower() != "identity"
            fits = bool(offset and found and int(found[1]) == offset) and not packed
            if not fits or not part.agrees(headers.get("ETag"), total):
                part.forget()
                raise _RetryError("the answer does not continue what is here")
            part.state["total"] = part.state.get("total") or total
            length = None if length is None else length + offset
        else:
            offset, total = 0, length
            if length is None and headers.get("Transfer-Encoding", "").lower() != "chunked":
                raise FetchError(
                    f"{part.target.name}: {self._host} does not say how long the file is, so a broken-off one cannot "
                    "be told from a whole one"
                )
            part.begin(path, headers, total)
        if max(length or 0, total or 0) > self.publisher.max_bytes:
            part.forget()
            raise FetchError(f"{part.target.name}: larger than {self.publisher.max_bytes:,} bytes; not fetched")
        if length and shutil.disk_usage(part.target.parent).free < length - offset:
            raise FetchError(f"{part.target.name}: needs {length - offset:,} bytes, which this disk does not have free")
        return offset

    def _write(self, part: Part, response: httpx.Response, offset: int, deadline: float) -> None:
        limit, written = self.publisher.max_bytes, offset
        with part.path.open("ab" if offset else "wb") as out:
            for piece in pieces(response, part.target.name):
                if not written and (fault := wrong_beginning(piece, self.publisher.container)):
                    out.close()
                    part.forget()
                    raise FetchError(f"{part.target.name}: {self._host} sends {fault}; nothing was kept")
                written += len(piece)
                if written > limit:
                    out.close()
                    part.forget()
                    raise FetchError(f"{part.target.name}: larger than {limit:,} bytes; not fetched")
                out.write(piece)
                if time.monotonic() > deadline:
                    raise self._too_late(part.target)
        if not part.is_whole(written):
            raise _RetryError("the file broke off")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _in_words(error: httpx.TransportError) -> str:
    import httpx

    if isinstance(error, httpx.ConnectTimeout | httpx.ConnectError):
        return "no connection; is there a way to the internet, or a proxy to set in HTTPS_PROXY?"
    if isinstance(error, httpx.TimeoutException):
        return "the publisher stopped sending"
    return "the connection broke off"


def _whole(text: str) -> int | None:
    return int(text) if re.fullmatch(r"\d{1,15}", text, re.ASCII) else None


def _retry_after(text: str) -> float:
    """Read seconds or a date; nothing or nonsense is no wait.

    >>> _retry_after("7"), _retry_after("soon")
    (7.0, 0.0)
    """
    if (seconds := _whole(text.strip())) is not None:
        return float(seconds)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return 0.0
