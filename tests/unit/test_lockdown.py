"""A locked-down process refuses to call out, before anything is sent."""

import subprocess
import sys

import pytest

from problemsolving.governance.lockdown import _is_here

SCRIPT = """
import socket
from problemsolving.governance.lockdown import refuse_connections
refuse_connections()
server = socket.create_server(("127.0.0.1", 0))
socket.create_connection(server.getsockname()).close()
for kind, call in ((socket.SOCK_STREAM, "connect"), (socket.SOCK_DGRAM, "connect"), (socket.SOCK_DGRAM, "sendto")):
    out = socket.socket(socket.AF_INET, kind)
    try:
        out.connect(("192.0.2.1", 9)) if call == "connect" else out.sendto(b"x", ("192.0.2.1", 9))
    except PermissionError as error:
        print("refused", error)
"""


def test_connections_and_datagrams_are_refused_and_loopback_is_not():
    ran = subprocess.run([sys.executable, "-W", "ignore", "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert ran.stdout.count("refused this profile is locked down") == 3


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("localhost", True),
        ("127.example.org", False),
        ("localhost.example.org", False),
        ("10.0.0.1", False),
    ],
)
def test_what_counts_as_this_machine(host, here):
    assert _is_here(host) is here
