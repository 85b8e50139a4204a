"""Fetching against a local server that fails, stalls, truncates, lies and sends error pages."""

import contextlib
import csv
import datetime as dt
import email.utils
import gzip
import hashlib
import http.server
import io
import json
import logging
import os
import subprocess
import sys
import threading
import time
import zipfile

import httpx
import pytest
from click.testing import CliRunner

from problemsolving import __version__
from problemsolving.cli import main
from problemsolving.dictionary.schema import source
from problemsolving.errors import DataError, FetchError, ParameterError
from problemsolving.fetch.jobs import fetch_fingertips, fetch_iod
from problemsolving.fetch.manifest import only_one
from problemsolving.fetch.police import fetch_police_uk
from problemsolving.fetch.publishers import publisher
from problemsolving.fetch.transfer import Fetcher, Manners

QUICK = Manners(attempts=4, first_wait=0.01, longest_wait=1.5, connect=1.0, read=0.25, total=5.0, pause=0.0)
NAME = "deprivation/File_7_IoD2025_All_Ranks_Scores_Deciles_Population_Denominators.csv"


class Server:
    """Answers each path with the next of its answers; the last one stays."""

    def __init__(self):
        self.answers = []
        self.seen = []
        self.released = threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                outer.seen.append((self.path, dict(self.headers), time.monotonic()))
                answer = outer.answers.pop(0) if len(outer.answers) > 1 else outer.answers[0]
                with contextlib.suppress(ConnectionError):
                    answer(self, outer)

            def log_message(self, *args):
                pass

            def handle(self):
                with contextlib.suppress(ConnectionError):
                    super().handle()

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.base = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def header(self, name, place=-1):
        return self.seen[place][1].get(name)

    def close(self):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def server():
    running = Server()
    yield running
    running.close()


def send(
    content, *, etag='"one"', accepts=None, cut=None, length=None, ranges=True, kind="text/csv", stall=False, **headers
):
    """Answer as a good server does, or: cut it, stall after the cut, announce another length, ignore ranges."""

    def answer(handler, server):
        start, status = 0, 200
        if ranges and handler.headers.get("Range") and handler.headers.get("If-Range") == (accepts or etag):
            start, status = int(handler.headers["Range"].removeprefix("bytes=").rstrip("-")), 206
        if start and start >= len(content):
            handler.send_response(416)
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return
        body = content[start:]
        handler.send_response(status)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(body) if length is None else length))
        if etag:
            handler.send_header("ETag", etag)
        if status == 206:
            handler.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body if cut is None else body[:cut])
        handler.wfile.flush()
        if stall:
            server.released.wait(10)
        if cut is not None or length is not None:
            handler.close_connection = True

    return answer


def status(code, body=b"", **headers):
    def answer(handler, server):
        handler.send_response(code)
        handler.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def chunked(pieces, *, whole=True):
    def answer(handler, server):
        handler.send_response(200)
        handler.send_header("Content-Type", "text/csv")
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for piece in pieces:
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        if whole:
            handler.wfile.write(b"0\r\n\r\n")
        handler.close_connection = True

    return answer


def iod(rows=3_000, header=None):
    columns = header or [column.from_ for column in source("iod-2025-file-7").columns.values() if column.from_]
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(columns)
    for row in range(rows):
        writer.writerow([f"E01{row:06d}", *[row % 10 + 1] * (len(columns) - 1)])
    return stream.getvalue().encode()


IOD = iod()


def fetch(server, folder, **options):
    return fetch_iod(folder, edition="2025", base=server.base, **{"manners": QUICK, **options})


def lies_there(folder):
    return sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file() and path.name[0] != "."
    )


def assert_whole(folder, content=IOD):
    assert (folder / NAME).read_bytes() == content
    entry = json.loads((folder / "fetched.json").read_text("utf-8"))["files"][NAME]
    assert entry["sha256"] == hashlib.sha256(content).hexdigest() and entry["bytes"] == len(content)
    assert lies_there(folder) == sorted([NAME, "fetched.json"])


def test_a_file_and_its_checksum(server, tmp_path):
    server.answers = [send(IOD)]
    assert fetch(server, tmp_path).files == (NAME,)
    assert_whole(tmp_path)
    entry = json.loads((tmp_path / "fetched.json").read_text("utf-8"))["files"][NAME]
    assert entry["address"].startswith("/media/") and "127.0.0.1" not in (tmp_path / "fetched.json").read_text("utf-8")
    assert entry["licence"] == "OGL-UK-3.0" and entry["etag"] == '"one"'


def test_it_says_who_asks(server, tmp_path):
    server.answers = [send(IOD)]
    fetch(server, tmp_path)
    assert server.header("User-Agent").startswith(f"problemsolving/{__version__} ")
    assert server.header("Accept-Encoding") == "identity"


def test_a_second_run_asks_nobody(server, tmp_path):
    server.answers = [send(IOD)]
    fetch(server, tmp_path)
    lines = []
    fetch(server, tmp_path, say=lines.append)
    assert len(server.seen) == 1 and lines == [f"{NAME}: already there, same checksum"]


def test_an_altered_file_is_told_and_fetched_with_again_alone(server, tmp_path):
    server.answers = [send(IOD)]
    fetch(server, tmp_path)
    (tmp_path / NAME).write_bytes(IOD + b"E01999999\r\n")
    with pytest.raises(FetchError, match="altered") as told:
        fetch(server, tmp_path)
    assert NAME in told.value.faults[0] and len(server.seen) == 1 and told.value.exit_code == 19
    assert (tmp_path / NAME).read_bytes() != IOD
    fetch(server, tmp_path, again=True)
    assert_whole(tmp_path)


def test_a_file_carried_by_hand_is_taken(server, tmp_path):
    server.answers = [status(500)]
    (tmp_path / NAME).parent.mkdir()
    (tmp_path / NAME).write_bytes(IOD)
    fetch(server, tmp_path)
    assert server.seen == []
    assert_whole(tmp_path)


def test_a_wrong_file_carried_by_hand_is_refused(server, tmp_path):
    server.answers = [send(IOD)]
    (tmp_path / NAME).parent.mkdir()
    (tmp_path / NAME).write_bytes(b"<html><body>Sign in</body></html>")
    with pytest.raises(FetchError, match="web page"):
        fetch(server, tmp_path)
    assert not (tmp_path / "fetched.json").exists()


@pytest.mark.parametrize(
    "bad",
    [
        status(500),
        status(503),
        status(429),
        send(IOD, cut=70_000),
        send(IOD, cut=0),
        send(IOD, cut=70_000, stall=True),
        send(IOD, cut=70_000, etag=None),
        chunked([IOD[:50_000]], whole=False),
        lambda handler, server: handler.connection.close(),
    ],
    ids=["500", "503", "429", "truncated", "empty", "stalled", "no-etag", "chunked-broken-off", "closed"],
)
def test_a_passing_failure_is_tried_again(server, tmp_path, bad):
    server.answers = [bad, send(IOD)]
    fetch(server, tmp_path)
    assert len(server.seen) == 2
    assert_whole(tmp_path)


@pytest.mark.parametrize("begin", [b"HTTP/1.1 200 OK\r\nX-A: ", b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nTransfer-Encoding: chunked\r\n\r\n1;"])  # fmt: skip
def test_a_server_that_drips_meets_the_limit_of_all(server, tmp_path, begin):
    def drip(handler, server):
        handler.wfile.write(begin)
        while not server.released.wait(0.1):
            handler.wfile.write(b"a")

    server.answers = [drip]
    began = time.monotonic()
    with pytest.raises(FetchError, match="not whole after 1 seconds"):
        fetch(server, tmp_path, manners=Manners(attempts=3, first_wait=0.01, read=1.0, total=1.0, pause=0.0))
    assert time.monotonic() - began < 4 and NAME not in lies_there(tmp_path)


def test_it_goes_on_where_it_broke_off(server, tmp_path):
    server.answers = [send(IOD, cut=70_000), send(IOD)]
    fetch(server, tmp_path)
    assert (server.header("Range"), server.header("If-Range")) == ("bytes=70000-", '"one"')
    assert_whole(tmp_path)


def test_the_date_of_change_stands_in_for_a_weak_tag(server, tmp_path):
    date = "Fri, 14 Nov 2025 09:30:00 GMT"
    weak = {"etag": 'W/"one"', "Last_Modified": date}
    server.answers = [send(IOD, cut=70_000, **weak), send(IOD, accepts=date, **weak)]
    fetch(server, tmp_path)
    assert (server.header("Range"), server.header("If-Range")) == ("bytes=70000-", date)


def test_a_server_that_ignores_ranges_starts_again(server, tmp_path):
    server.answers = [send(IOD, cut=70_000), send(IOD, ranges=False)]
    fetch(server, tmp_path)
    assert server.header("Range") == "bytes=70000-"
    assert_whole(tmp_path)


def test_a_file_that_changed_meanwhile_starts_again(server, tmp_path):
    other = iod(2_500)
    server.answers = [send(IOD, cut=70_000), send(other, etag='"two"')]
    fetch(server, tmp_path)
    assert_whole(tmp_path, other)


def test_a_continuation_of_something_else_is_not_joined(server, tmp_path):
    """A server that ignores If-Range sends the tail of the new file: its tag gives it away."""
    other = iod(3_000).replace(b",7", b",8")

    def tail(handler, server):
        handler.headers.replace_header("If-Range", '"two"')
        send(other, etag='"two"')(handler, server)

    server.answers = [send(IOD, cut=70_000), tail, send(other, etag='"two"')]
    fetch(server, tmp_path)
    assert len(server.seen) == 3
    assert_whole(tmp_path, other)


@pytest.mark.parametrize("length", [len(IOD) + 500, len(IOD) - 10], ids=["too-long", "too-short"])
def test_a_wrong_content_length_never_passes(server, tmp_path, length):
    server.answers = [send(IOD, length=length)]
    with pytest.raises(FetchError):
        fetch(server, tmp_path)
    assert NAME not in lies_there(tmp_path) and "fetched.json" not in lies_there(tmp_path)


def test_no_word_of_the_length_is_refused(server, tmp_path):
    def answer(handler, server):
        handler.send_response(200)
        handler.send_header("Content-Type", "text/csv")
        handler.end_headers()
        handler.wfile.write(IOD)
        handler.close_connection = True

    server.answers = [answer]
    with pytest.raises(FetchError, match="how long the file is"):
        fetch(server, tmp_path)


def test_chunks_are_read(server, tmp_path):
    server.answers = [chunked([IOD[:50_000], IOD[50_000:]])]
    fetch(server, tmp_path)
    assert_whole(tmp_path)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (send(b"<!DOCTYPE html><title>Error</title>", kind="text/html; charset=utf-8"), "a web page"),
        (send(b"\n <!DOCTYPE html><title>Error</title>"), "a web page"),
        (send(b'{"error": "maintenance"}'), "not csv"),
        (send(b"PK\x03\x04" + bytes(90)), "not csv"),
        (send(IOD, kind="application/pdf"), "another type"),
        (send(iod(20, header=["lsoa", "score"])), "not the header expected"),
        (send(iod(0)), "not what was asked for"),
        (send(IOD + b"E01000001,1,2\r\n"), "not what was asked for"),
        (send(IOD.replace(b"E01000007", b"\xff\xfe")), "not UTF-8"),
        (send(b""), "an empty file"),
        (status(404), "no such file there"),
        (status(403), "status 403"),
    ],
    ids=["html", "html-as-csv", "json", "zip", "pdf", "header", "no-rows", "ragged", "bytes", "empty", "404", "403"],
)  # fmt: skip
def test_what_is_not_the_file_is_refused_at_once(server, tmp_path, answer, words):
    server.answers = [answer]
    with pytest.raises(FetchError, match=words) as told:
        fetch(server, tmp_path)
    assert lies_there(tmp_path) == [] and "E01" not in str(told.value)
    assert len(server.seen) == 1


def test_a_refusal_says_how_to_carry_the_file_by_hand(server, tmp_path):
    server.answers = [status(404)]
    with pytest.raises(FetchError) as told:
        fetch(server, tmp_path)
    assert publisher("iod-2025").page in str(told.value) and (tmp_path / NAME).as_posix() in str(told.value)


def test_attempts_come_to_an_end(server, tmp_path):
    server.answers = [status(500)]
    with pytest.raises(FetchError, match="status 500"):
        fetch(server, tmp_path)
    assert len(server.seen) == QUICK.attempts and lies_there(tmp_path) == []


def test_a_wait_that_is_asked_for_is_kept(server, tmp_path):
    server.answers = [status(429, Retry_After="1"), send(IOD)]
    fetch(server, tmp_path)
    assert server.seen[1][2] - server.seen[0][2] >= 1.0


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_a_wait_too_long_is_told(server, tmp_path, form):
    later = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)
    server.answers = [
        status(503, Retry_After="3600" if form == "seconds" else email.utils.format_datetime(later, usegmt=True))
    ]
    with pytest.raises(FetchError, match=r"left alone for 3,\d\d\d seconds"):
        fetch(server, tmp_path)
    assert len(server.seen) == 1


def test_waits_grow_and_requests_are_apart(server, tmp_path):
    server.answers = [status(500), status(500), send(IOD)]
    fetch(server, tmp_path, manners=Manners(attempts=4, first_wait=0.15, read=0.5, pause=0.1))
    first, second = (later[2] - earlier[2] for earlier, later in zip(server.seen, server.seen[1:], strict=False))
    assert first >= 0.15 and second >= 0.3


def test_a_pause_between_files(server, tmp_path):
    server.answers = [send(IOD)]
    with Fetcher(publisher("iod-2025", base=server.base), manners=Manners(pause=0.3)) as fetcher:
        for name in ("a.csv", "b.csv"):
            fetcher.download(f"/{name}", tmp_path / name)
    assert server.seen[1][2] - server.seen[0][2] >= 0.28


def test_a_body_that_drips_ends_at_the_time_limit(server, tmp_path):
    def drip(handler, server):
        handler.send_response(200)
        handler.send_header("Content-Type", "text/csv")
        handler.send_header("Content-Length", str(len(IOD)))
        handler.end_headers()
        for byte in range(200):
            handler.wfile.write(IOD[byte : byte + 1])
            handler.wfile.flush()
            if server.released.wait(0.02):
                return

    server.answers = [drip]
    began = time.monotonic()
    with pytest.raises(FetchError, match="not whole after"):
        fetch(server, tmp_path, manners=Manners(total=0.5, read=0.25, pause=0.0))
    assert time.monotonic() - began < 2


def test_nothing_larger_than_allowed(server, tmp_path):
    entry = publisher("iod-2025", base=server.base).model_copy(update={"max_bytes": 60_000})
    for answer in (send(IOD), chunked([IOD[:50_000], IOD[50_000:]])):
        server.answers = [answer]
        with Fetcher(entry, manners=QUICK) as fetcher, pytest.raises(FetchError, match="larger than 60,000 bytes"):
            fetcher.download("/x.csv", tmp_path / "x.csv")
    assert lies_there(tmp_path) == []


def test_a_packed_body_is_unpacked_and_a_bomb_is_not(server, tmp_path, monkeypatch):
    monkeypatch.setattr("problemsolving.fetch.bodies.SUSPICIOUS", 1_000_000)
    bomb = gzip.compress(IOD[:500] + b"1" * 30_000_000)
    server.answers = [send(bomb, Content_Encoding="gzip")]
    with pytest.raises(FetchError, match="far more than its size suggests"):
        fetch(server, tmp_path)
    server.answers = [send(gzip.compress(IOD)[:-40], Content_Encoding="gzip")]
    with pytest.raises(FetchError, match="broke off"):
        fetch(server, tmp_path)
    server.answers = [send(b"x", Content_Encoding="br")]
    with pytest.raises(FetchError, match="packed in a way"):
        fetch(server, tmp_path)
    server.answers = [send(gzip.compress(IOD), Content_Encoding="gzip")]
    fetch(server, tmp_path)
    assert_whole(tmp_path)


def test_a_redirect_within_is_followed(server, tmp_path):
    server.answers = [status(302, Location="/elsewhere.csv"), send(IOD)]
    fetch(server, tmp_path)
    assert server.seen[1][0] == "/elsewhere.csv"
    assert_whole(tmp_path)


@pytest.mark.parametrize(
    "location",
    [
        "https://example.org/x.csv",
        "http://assets.publishing.service.gov.uk/x.csv",
        "https://user:word@assets.publishing.service.gov.uk/x.csv",
        "https://assets.publishing.service.gov.uk:8443/x.csv",
        "https://assets.publishing.service.gov.uk.example.org/x.csv",
        "file:///etc/hosts",
        "ftp://assets.publishing.service.gov.uk/x.csv",
        "//example.org/x.csv",
        "http://169.254.169.254/latest/meta-data",
    ],
)
def test_a_redirect_elsewhere_is_refused(server, tmp_path, location):
    server.answers = [status(302, Location=location)]
    with pytest.raises(FetchError, match="sends on"):
        fetch(server, tmp_path)
    assert lies_there(tmp_path) == [] and len(server.seen) == 1


def test_redirects_do_not_go_round(server, tmp_path):
    server.answers = [status(302, Location="/round")]
    with pytest.raises(FetchError, match="more than 5 times"):
        fetch(server, tmp_path)


@pytest.mark.parametrize("address", ["http://127.0.0.1/x", "https://localhost/x", "https://[::1]/x", "file:///x"])
def test_a_publisher_far_away_never_sends_us_to_this_machine(address):
    assert not publisher("police-uk", environment={}).admits(httpx.URL(address))
    assert publisher("police-uk", environment={}).admits(httpx.URL("https://policeuk-data.s3.amazonaws.com/a.zip"))


def test_no_connection_tells_the_way_by_hand(server, tmp_path):
    server.close()
    with pytest.raises(FetchError, match="no connection") as told:
        fetch(server, tmp_path)
    assert "by hand" in told.value.faults[0] and lies_there(tmp_path) == []


def test_a_fetch_that_is_killed_leaves_nothing_finished_and_is_continued(server, tmp_path):
    server.answers = [send(IOD, cut=100_000, stall=True), send(IOD)]
    script = (
        "import pathlib, sys; from problemsolving.fetch.jobs import fetch_iod;"
        "fetch_iod(pathlib.Path(sys.argv[1]), edition='2025', base=sys.argv[2])"
    )
    child = subprocess.Popen([sys.executable, "-c", script, str(tmp_path), server.base], stderr=subprocess.PIPE)
    part = tmp_path / (NAME + ".part")
    ends = time.monotonic() + 10
    while not (part.exists() and part.stat().st_size):
        assert time.monotonic() < ends and child.poll() is None
        time.sleep(0.01)
    with pytest.raises(FetchError, match="another fetch"):
        fetch(server, tmp_path)
    child.kill()
    child.wait()
    child.stderr.close()
    assert lies_there(tmp_path) == sorted([NAME + ".part", NAME + ".part.json"])
    kept = part.stat().st_size
    fetch(server, tmp_path)
    assert 0 < kept <= 100_000 and server.header("Range") == f"bytes={kept}-"
    assert_whole(tmp_path)


def test_a_part_that_was_whole_when_it_was_killed_needs_no_request(server, tmp_path):
    server.answers = [send(IOD)]
    with Fetcher(publisher("iod-2025", base=server.base), manners=QUICK) as fetcher:
        fetcher.download(publisher("iod-2025").path, tmp_path / NAME)
    fetch(server, tmp_path)
    assert len(server.seen) == 1
    assert_whole(tmp_path)


def test_a_part_of_another_address_is_not_continued(server, tmp_path):
    server.answers = [send(IOD, cut=70_000)]
    with (
        Fetcher(publisher("iod-2025", base=server.base), manners=Manners(attempts=1)) as fetcher,
        pytest.raises(FetchError),
    ):
        fetcher.download("/other.csv", tmp_path / NAME)
    server.answers = [send(IOD)]
    fetch(server, tmp_path)
    assert server.header("Range") is None
    assert_whole(tmp_path)


def test_one_fetch_at_a_time(server, tmp_path):
    server.answers = [send(IOD)]
    with only_one(tmp_path), pytest.raises(FetchError, match="another fetch"):
        fetch(server, tmp_path)
    fetch(server, tmp_path)


def test_a_spoilt_manifest_is_told(server, tmp_path):
    (tmp_path / "fetched.json").write_text('{"files": []}')
    with pytest.raises(FetchError, match="move it away"):
        fetch(server, tmp_path)


@pytest.mark.parametrize(
    ("text", "environment"), [("true", None), ("no", "yes"), ("sure", None)], ids=["file", "environment", "unclear"]
)
def test_a_locked_down_profile_fetches_nothing(server, tmp_path, monkeypatch, text, environment):
    (tmp_path / "problem.yml").write_text(f"locked_down: {text}\n")
    if environment:
        monkeypatch.setenv("PROBLEMSOLVING_LOCKED_DOWN", environment)
    with pytest.raises(FetchError, match="no connection leaves this machine"):
        fetch(server, tmp_path / "data")
    assert server.seen == [] and lies_there(tmp_path) == ["problem.yml"]


def test_a_command_given_inside_a_locked_down_profile_is_refused_too(server, tmp_path, monkeypatch):
    (tmp_path / "p").mkdir()
    (tmp_path / "p/problem.yml").write_text("locked_down: yes\n")
    monkeypatch.chdir(tmp_path / "p")
    with pytest.raises(FetchError, match="locked_down"):
        fetch(server, tmp_path / "elsewhere")


def test_an_open_profile_fetches(server, tmp_path):
    server.answers = [send(IOD)]
    (tmp_path / "problem.yml").write_text("locked_down: no\n")
    fetch(server, tmp_path / "data")


@pytest.mark.parametrize(
    "base",
    [
        "http://example.org",
        "ftp://example.org",
        "example.org",
        "https://u:p@example.org",
        "https://e.org/?a=1",
        "x\x00",
    ],
)
def test_a_base_that_is_no_https_address_is_refused(tmp_path, base):
    with pytest.raises(ParameterError, match=r"--base|PROBLEMSOLVING_FETCH_IOD_2019"):
        publisher("iod-2019", base=base)
    with pytest.raises(ParameterError, match="PROBLEMSOLVING_FETCH_IOD_2019"):
        publisher("iod-2019", environment={"PROBLEMSOLVING_FETCH_IOD_2019": base})


def test_every_publisher_is_whole():
    for name in ("police-uk", "iod-2019", "iod-2025", "fingertips"):
        entry = publisher(name, environment={})
        assert entry.admits(httpx.URL(entry.base)) and httpx.URL(entry.page).scheme == "https" and not entry.is_here
        assert entry.source is None or source(entry.source).publisher == entry.publisher
    with pytest.raises(ParameterError, match='did you mean "iod-2025"'):
        publisher("iod-202")


def test_a_proxy_of_the_environment_is_used_but_not_for_this_machine(server, tmp_path, monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, server.base)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    server.answers = [send(IOD)]
    fetch(server, tmp_path)
    asked = []

    class Proxy(http.server.BaseHTTPRequestHandler):
        def do_CONNECT(self):
            asked.append(self.path)
            self.send_error(403)

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as proxy:
        threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        for name in ("HTTPS_PROXY", "https_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.server_address[1]}")
        with pytest.raises(FetchError):
            fetch_iod(tmp_path / "b", edition="2025", manners=Manners(attempts=1))
        proxy.shutdown()
    assert asked == ["assets.publishing.service.gov.uk:443"]


def test_check_reads_through_the_dictionary(server, tmp_path):
    lines = []
    server.answers = [send(IOD)]
    fetch(server, tmp_path, check=True, say=lines.append)
    assert lines[-1] == "iod-2025-file-7: 1 file, 3,000 rows, meets the dictionary"
    server.answers = [send(IOD.replace(b"E01000007", b"secret"))]
    with pytest.raises(DataError, match="not in the form of this code") as told:
        fetch(server, tmp_path / "b", check=True)
    assert "secret" not in str(told.value)


FINGERTIPS = "Indicator ID,Indicator Name,Area Code,Area Type,Time period,Value\n"


def test_fingertips_one_file_an_indicator(server, tmp_path):
    server.answers = [
        send(f"{FINGERTIPS}1,One,E06000055,District,2023,4.5\n".encode()),
        send(f"{FINGERTIPS}2,Two,E06000055,District,2023,\n".encode()),
    ]
    fetched = fetch_fingertips(
        tmp_path, indicators=["1", "2", "1"], area_type="502", base=server.base, manners=QUICK, check=True
    )
    assert fetched.files == (
        "fingertips/indicator-1-area-type-502-parent-15.csv",
        "fingertips/indicator-2-area-type-502-parent-15.csv",
    )
    assert server.seen[0][0].endswith("?indicator_ids=1&child_area_type_id=502&parent_area_type_id=15")


def test_fingertips_that_answers_another_question_is_refused(server, tmp_path):
    server.answers = [send(f"{FINGERTIPS}7,Seven,E06000055,District,2023,4.5\n".encode())]
    with pytest.raises(FetchError) as told:
        fetch_fingertips(tmp_path, indicators=["1"], area_type="502", base=server.base, manners=QUICK)
    assert told.value.faults[0] == "1 row about something else than was asked for" and lies_there(tmp_path) == []


def test_fingertips_takes_numbers_alone(tmp_path):
    with pytest.raises(ParameterError) as told:
        fetch_fingertips(tmp_path, indicators=["1", "1&x=2"], area_type="../x")
    assert told.value.faults == ("indicator 2: not a number", "area type: not a number")
    with pytest.raises(ParameterError):
        fetch_iod(tmp_path, edition="2020")


def street(month, force="bedfordshire", rows=3):
    columns = "Crime ID,Month,Reported by,Falls within,Longitude,Latitude,Location,LSOA code,LSOA name,Crime type,Last outcome category,Context"
    lines = [f"{month}{force}{row},{month},{force},{force},-0.4,51.9,On or near A Street,E01015761,A,Burglary,,\r\n" for row in range(rows)]  # fmt: skip
    return columns + "\r\n" + "".join(lines)


def archive(months, forces=("bedfordshire", "kent"), leave_out=()):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as packed:
        for month in months:
            for force in forces:
                name = f"{month}/{month}-{force}-street.csv"
                if name not in leave_out:
                    packed.writestr(name, street(month, force))
    return stream.getvalue()


MONTHS = ["2021-05", "2021-06", "2021-07"]
ZIP = "application/zip"


def fetch_police(server, folder, **options):
    given = {"force": "bedfordshire", "start": "2021-05", "end": "2021-07", "kinds": ["street"], "manners": QUICK}
    return fetch_police_uk(folder, base=server.base, **{**given, **options})


def test_police_files_of_one_force(server, tmp_path):
    server.answers = [send(archive(MONTHS), kind=ZIP)]
    lines = []
    fetched = fetch_police(server, tmp_path, check=True, say=lines.append)
    assert server.seen[0][0] == "/data/archive/2021-07.zip"
    assert fetched.files == tuple(f"police_uk/bedfordshire/{month}/{month}-bedfordshire-street.csv" for month in MONTHS)
    assert lies_there(tmp_path) == sorted([*fetched.files, "archives/2021-07.zip", "fetched.json"])
    assert (tmp_path / fetched.files[0]).read_text("utf-8") == street("2021-05").replace("\r\n", "\n")
    assert lines[-1] == "police-uk-street: 3 files, 9 rows, meets the dictionary"


def test_the_archive_serves_other_forces_and_may_be_deleted(server, tmp_path):
    server.answers = [send(archive(MONTHS), kind=ZIP)]
    fetch_police(server, tmp_path)
    fetch_police(server, tmp_path, force="kent")
    (tmp_path / "archives/2021-07.zip").unlink()
    fetch_police(server, tmp_path)
    assert len(server.seen) == 1


def test_an_altered_month_is_told_and_mended_with_again(server, tmp_path):
    server.answers = [send(archive(MONTHS), kind=ZIP)]
    name = fetch_police(server, tmp_path).files[1]
    (tmp_path / name).write_text("gone")
    with pytest.raises(FetchError, match="1 file altered") as told:
        fetch_police(server, tmp_path)
    assert name in told.value.faults[0] and (tmp_path / name).read_text() == "gone"
    fetch_police(server, tmp_path, again=True)
    assert (tmp_path / name).read_text("utf-8").startswith("Crime ID")


def test_a_month_of_ones_own_is_left_alone(server, tmp_path):
    name = "police_uk/bedfordshire/2021-06/2021-06-bedfordshire-street.csv"
    (tmp_path / name).parent.mkdir(parents=True)
    (tmp_path / name).write_text("mine")
    server.answers = [send(archive(MONTHS), kind=ZIP)]
    with pytest.raises(FetchError, match="altered"):
        fetch_police(server, tmp_path)
    assert (tmp_path / name).read_text() == "mine"
    assert len([found for found in lies_there(tmp_path) if found.endswith("street.csv")]) == 3


def test_months_not_delivered_are_named_and_not_asked_for_again(server, tmp_path):
    server.answers = [send(archive(MONTHS, leave_out=["2021-06/2021-06-bedfordshire-street.csv"]), kind=ZIP)]
    lines = []
    for _ in range(2):
        fetched = fetch_police(server, tmp_path, say=lines.append)
        assert fetched.absent == ("police_uk/bedfordshire/2021-06/2021-06-bedfordshire-street.csv",)
        assert len(fetched.files) == 2 and "did not deliver" in lines[-1]
    assert len(server.seen) == 1


def test_a_force_that_is_not_there_gets_the_nearest_name(server, tmp_path):
    server.answers = [send(archive(MONTHS), kind=ZIP)]
    with pytest.raises(FetchError, match='did you mean "bedfordshire"'):
        fetch_police(server, tmp_path, force="bedfordshre")


def test_periods_longer_than_an_archive_take_two(server, tmp_path):
    early, late = archive(["2018-01", "2018-02"]), archive([f"{year}-{month:02}" for year in (2018, 2019, 2020, 2021) for month in range(1, 13)][2:38])  # fmt: skip
    server.answers = [send(late, kind=ZIP), send(early, kind=ZIP)]
    fetched = fetch_police(server, tmp_path, start="2018-01", end="2021-02")
    assert [path for path, _, _ in server.seen] == ["/data/archive/2021-02.zip", "/data/archive/2018-02.zip"]
    assert len(fetched.files) == 38 and fetched.absent == ()


def test_a_zip_bomb_from_the_server_is_refused(server, tmp_path):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("2021-07/2021-07-bedfordshire-street.csv", bytes(20_000_000))
    server.answers = [send(stream.getvalue(), kind=ZIP)]
    with pytest.raises(FetchError, match="refused") as told:
        fetch_police(server, tmp_path)
    assert "grows more than 100 times" in told.value.faults[0] and lies_there(tmp_path) == []


@pytest.mark.parametrize("content", [b"<html></html>", b"PK\x03\x04 and no more", archive(MONTHS)[:-30]])
def test_what_is_no_archive_is_refused(server, tmp_path, content):
    server.answers = [send(content, kind=ZIP)]
    with pytest.raises(FetchError):
        fetch_police(server, tmp_path)
    assert lies_there(tmp_path) == []


def test_what_a_kill_left_half_unpacked_is_swept_away(server, tmp_path):
    for left in (".unpacking-abc", ".unpacked-2021-07"):
        (tmp_path / left).mkdir()
        (tmp_path / left / "half.csv").write_text("x")
    server.answers = [send(archive(MONTHS), kind=ZIP)]
    fetch_police(server, tmp_path)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".unpack")]


def test_every_wrong_parameter_is_told_at_once(tmp_path):
    with pytest.raises(ParameterError) as told:
        fetch_police_uk(tmp_path, force="../x", start="2009-01", end="2008-13", kinds=["streets"], archive="2007-01")
    assert len(told.value.faults) == 3 and lies_there(tmp_path) == []
    with pytest.raises(ParameterError) as told:
        fetch_police_uk(tmp_path, force="kent", start="2010-01", end="2009-01", archive="2008-01")
    assert [fault.split(":")[0] for fault in told.value.faults] == ["from", "to", "archive"]


def test_months_that_a_kill_left_without_their_names_are_taken_out_again(server, tmp_path):
    """Checksums are written first: files that are noted and not there come from the archive, without a request."""
    server.answers = [send(archive(MONTHS), kind=ZIP)]
    names = fetch_police(server, tmp_path).files
    (tmp_path / names[0]).unlink()
    fetch_police(server, tmp_path)
    assert (tmp_path / names[0]).is_file() and len(server.seen) == 1


def test_a_process_that_may_not_connect_says_so(tmp_path):
    script = (
        "import pathlib, sys; from problemsolving.governance.lockdown import refuse_connections\n"
        "from problemsolving.fetch.jobs import fetch_iod; from problemsolving.errors import FetchError\n"
        "refuse_connections()\n"
        "try: fetch_iod(pathlib.Path(sys.argv[1]), edition='2025', base='https://192.0.2.1')\n"
        "except FetchError as error: print(error.message)"
    )
    environment = {key: text for key, text in os.environ.items() if "proxy" not in key.lower()}
    words = [sys.executable, "-c", script, str(tmp_path)]
    ran = subprocess.run(words, capture_output=True, text=True, check=True, env=environment, timeout=10)
    assert "does not allow the connection" in ran.stdout


def test_the_commands_of_the_guide_work(server, tmp_path, monkeypatch, root):
    """Each line of its first block, with the local server in place of the publishers."""
    monkeypatch.chdir(tmp_path)
    months = [f"{year}-{month:02}" for year in (2021, 2022, 2023) for month in range(1, 13)][4:28]
    bodies = {
        "iod": send(IOD),
        "police-uk": send(archive(months), kind=ZIP),
        "fingertips": send(f"{FINGERTIPS}92949,A,E06000055,District,2023,4.5\n".encode()),
    }
    page = (root / "docs/how-to/fetch-open-data.md").read_text("utf-8")
    lines = page.split("```")[1].strip().splitlines()
    for line in lines:
        words = line.removeprefix("problemsolving data fetch ").split()
        server.answers = [bodies[words[0]]]
        ran = call(*words, "--base", server.base)
        assert ran.exit_code == 0, ran.output
    for name in lies_there(tmp_path / "data"):
        assert name in page or name.startswith(("police_uk/", "fetched.json"))
    assert len(lines) == 3 and len(list(tmp_path.glob("data/police_uk/bedfordshire/*/*-street.csv"))) == 24


def call(*words):
    return CliRunner().invoke(main, ["data", "fetch", *words])


def test_commands(server, tmp_path, monkeypatch):
    for name in ("IOD_2025", "POLICE_UK", "FINGERTIPS"):
        monkeypatch.setenv(f"PROBLEMSOLVING_FETCH_{name}", server.base)
    server.answers = [send(IOD)]
    ran = call("iod", "--edition", "2025", "--to-folder", str(tmp_path / "a"), "--check")
    assert ran.exit_code == 0 and str(tmp_path / "a" / NAME) in ran.output.splitlines()
    server.answers = [send(archive(MONTHS), kind=ZIP)]
    words = ["--force", "kent", "--from", "2021-05", "--to", "2021-07", "--to-folder", str(tmp_path / "b")]
    ran = call("police-uk", *words, "--kind", "street")
    assert ran.exit_code == 0 and len(ran.output.splitlines()) == 5
    server.answers = [send(f"{FINGERTIPS}1,One,E06000055,District,2023,4.5\n".encode())]
    ran = call("fingertips", "--indicator", "1", "--area-type", "502", "--to-folder", str(tmp_path / "c"))
    assert ran.exit_code == 0 and "indicator-1-area-type-502" in ran.output
    server.answers = [status(404)]
    assert call("iod", "--edition", "2025", "--to-folder", str(tmp_path / "d")).exit_code == 19
    assert call("iod", "--edition", "2020", "--to-folder", str(tmp_path / "d")).exit_code == 10
    assert call("iod").exit_code == 2


@pytest.mark.parametrize("words", [["--help"], ["police-uk", "--help"], ["iod", "--help"], ["fingertips", "--help"]])
def test_each_command_has_an_example(words):
    assert "Example:" in call(*words).output


def test_a_refusal_loads_nothing_heavy():
    script = (
        "import sys; from problemsolving.cli import main\n"
        "try: main(['data', 'fetch', 'police-uk', '--force', 'X', '--from', 'a', '--to', 'b'])\n"
        "except SystemExit as end: print(end.code, sorted({'httpx', 'pandas', 'numpy', 'duckdb', 'tenacity'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "10 []"


def test_no_address_reaches_a_log_at_the_usual_level(server, tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        server.answers = [status(500), send(IOD)]
        fetch(server, tmp_path)
    assert caplog.records == []


@pytest.mark.data
def test_real_months_come_through_whole(server, tmp_path, real_data):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(real_data.glob("police_uk/bedfordshire/2022-0[5-7]/*.csv")):
            packed.write(path, f"{path.parent.name}/{path.name}")
    server.answers = [send(stream.getvalue(), kind=ZIP)]
    fetched = fetch_police(server, tmp_path, start="2022-05", end="2022-07", kinds=[], check=True)
    assert len(fetched.files) == 9 and fetched.absent == ()
    for name in fetched.files:
        assert (tmp_path / name).read_bytes() == (real_data / name).read_bytes()
