"""Pseudonyms: keyed, normalised, in domains; keys that others could read or guess are refused."""

import hashlib
import hmac
import json
import os
import random
import secrets
import signal
import stat
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from problemsolving.errors import DataError, ParameterError
from problemsolving.governance.linkage import linkage_rate
from problemsolving.governance.policies import get_policy
from problemsolving.governance.private import private_file
from problemsolving.governance.pseudonymise import pseudonymise_file, read_pseudonym_record
from problemsolving.governance.pseudonyms import KINDS, Pseudonymiser, make_key, read_key
from problemsolving.governance.release import release
from problemsolving.stats.intervals import wilson_limits

KEY = hashlib.sha512(b"a key for tests alone").digest()[:32]
P = Pseudonymiser(KEY)
posix = pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")


def files(folder):
    return sorted(path.name for path in folder.iterdir())


def nhs_numbers(count, seed=1):
    random_ = random.Random(seed)
    found = []
    while len(found) < count:
        digits = [random_.randint(0, 9) for _ in range(9)]
        check = 11 - sum(digit * (10 - place) for place, digit in enumerate(digits)) % 11
        if check != 10:
            found.append("".join(map(str, [*digits, check % 11])))
    return found


@pytest.mark.parametrize(
    ("kind", "same"),
    [
        (
            "nhs-number",
            ["9434765919", "943 476 5919", " 943-476-5919 ", "９４３４７６５９１９", "943\u2011476\u20115919"],
        ),
        ("name", ["Zoë O'Brien-Smith", "ZOE OBRIEN SMITH", "zoe\u0308  o\u2019brien smith", "Ｚｏë O'Brien-Smith"]),
        ("date", ["2001-02-03", "03/02/2001", "3.2.2001", "2001-02-03T00:00:00", "2001-02-03 00:00"]),
        ("identifier", ["AB/123-4", "ab 1234", "ＡＢ１２３４"]),
    ],
)
def test_identifiers_are_normalised_first(kind, same):
    assert len({P.pseudonym(text, kind=kind) for text in same}) == 1
    assert P.pseudonym(same[0], kind=kind) is not None


@pytest.mark.parametrize(
    "text",
    ["0000000000", "1111111111", "9999999999", "9434765918", "943476591", "94347659190", "943476591x", "x9434765919", "", "9434765919.0", "²³"],
)  # fmt: skip
def test_what_is_no_nhs_number_gets_no_pseudonym(text):
    assert P.pseudonym(text, kind="nhs-number") is None


@pytest.mark.parametrize("text", ["2001-02-30", "13/13/2001", "02/2001", "20010203", "unknown", "2001-2-3"])
def test_what_is_no_date_gets_no_pseudonym(text):
    assert P.pseudonym(text, kind="date") is None


@pytest.mark.parametrize("algorithm", ["blake2b", "hmac-sha-256"])
def test_domain_key_and_algorithm_each_give_other_pseudonyms(algorithm):
    one = Pseudonymiser(KEY, algorithm=algorithm)
    other = Pseudonymiser(secrets.token_bytes(32), algorithm=algorithm)
    made = {
        one.pseudonym("9434765919", kind="nhs-number"),
        one.pseudonym("9434765919", kind="identifier"),
        one.pseudonym("9434765919", kind="identifier", domain="custody-id"),
        other.pseudonym("9434765919", kind="nhs-number"),
        P.pseudonym("9434765919", kind="nhs-number"),
    }
    assert len(made) == (4 if algorithm == "blake2b" else 5)


def test_pseudonyms_are_the_published_functions():
    """Worked out again with the standard library alone: personalisation, key, base 32."""
    import base64

    person = hashlib.blake2b(b"problemsolving pseudonyms 1: nhs-number", digest_size=16).digest()
    raw = hashlib.blake2b(b"9434765919", key=KEY, digest_size=20, person=person).digest()
    assert P.pseudonym("9434765919", kind="nhs-number") == base64.b32encode(raw).decode()
    raw = hmac.new(KEY, person + b"9434765919", "sha256").digest()[:16]
    small = Pseudonymiser(KEY, algorithm="hmac-sha-256", digest_bytes=16)
    assert small.pseudonym("9434765919", kind="nhs-number") == base64.b32encode(raw).decode().rstrip("=")


@pytest.mark.parametrize("size", [15, 8, 0, -1, 33])
def test_a_pseudonym_is_never_under_128_bits(size):
    with pytest.raises(ParameterError, match="128"):
        Pseudonymiser(KEY, digest_bytes=size)


def test_an_unknown_kind_or_algorithm_offers_the_nearest():
    with pytest.raises(ParameterError, match='did you mean "nhs-number"'):
        P.pseudonym("x", kind="nhs-numbers")
    with pytest.raises(ParameterError, match="no algorithm"):
        Pseudonymiser(KEY, algorithm="md5")


@pytest.mark.parametrize(
    "key",
    [b"", KEY[:31], b"\0" * 32, b"a" * 64, bytes(range(32)), bytes(range(0, 256, 2)), KEY[:16] * 2, b"ab" * 32, b"correct horse battery staple"],
    ids=["empty", "31 bytes", "zeros", "one letter", "counting", "counting in twos", "a block twice", "two letters", "a password"],
)  # fmt: skip
def test_keys_that_can_be_guessed_are_refused(key):
    with pytest.raises(ParameterError, match="key"):
        Pseudonymiser(key)


def test_random_keys_are_taken():
    assert all(len(Pseudonymiser(secrets.token_bytes(32 + n % 64)).key_id) == 16 for n in range(500))


def test_the_key_is_told_nowhere(tmp_path):
    path = tmp_path / "key"
    key_id = make_key(path)
    made = Pseudonymiser(read_key(path))
    assert key_id == made.key_id and key_id not in path.read_text()
    assert read_key(path).hex() not in repr(made) + str(vars(made).keys()) and "key" in repr(made)


@posix
def test_a_made_key_is_its_owners_alone_and_never_written_over(tmp_path):
    path = tmp_path / "key"
    make_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.read_bytes()
    with pytest.raises(ParameterError, match="already"):
        make_key(path)
    assert path.read_bytes() == before and files(tmp_path) == ["key"]


@posix
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666, 0o610])
def test_a_key_that_others_may_read_is_refused(tmp_path, mode):
    path = tmp_path / "key"
    make_key(path)
    path.chmod(mode)
    with pytest.raises(ParameterError, match="others may read"):
        read_key(path)


@pytest.mark.parametrize("mark", [".git", "problem.yml"])
def test_a_key_does_not_lie_where_it_could_be_published(tmp_path, mark):
    make_key(tmp_path / "good")
    inside = tmp_path / "work" / "deep"
    inside.mkdir(parents=True)
    place = tmp_path / "work" / mark
    place.mkdir() if mark == ".git" else place.write_text("")
    (inside / "key").write_bytes((tmp_path / "good").read_bytes())
    (inside / "key").chmod(0o600)
    with pytest.raises(ParameterError, match="must not lie"):
        read_key(inside / "key")
    with pytest.raises(ParameterError, match="must not lie"):
        make_key(inside / "other")
    (tmp_path / "link").symlink_to(inside / "key")
    with pytest.raises(ParameterError, match="must not lie"):
        read_key(tmp_path / "link")


@pytest.mark.parametrize("content", [b"", b"password\n", b"00" * 32, b"a" * 64, b"hunter2 " * 4, b"ab" * 8_000])
def test_a_file_that_holds_no_key_is_refused(tmp_path, content):
    path = tmp_path / "key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(ParameterError, match="key"):
        read_key(path)


def test_a_raw_key_and_its_digits_are_one_key(tmp_path):
    for name, content in (
        ("raw", KEY),
        ("digits", KEY.hex().encode() + b"\r\n"),
        ("upper", KEY.hex().upper().encode()),
    ):
        (tmp_path / name).write_bytes(content)
        (tmp_path / name).chmod(0o600)
        assert read_key(tmp_path / name) == KEY
    with pytest.raises(ParameterError, match="cannot be read"):
        read_key(tmp_path / "nowhere")
    with pytest.raises(ParameterError, match="key"):
        read_key(tmp_path)


def test_a_column_is_worked_out_once_a_distinct_value():
    numbers = nhs_numbers(50)
    column = pd.Series([*numbers, *numbers[:10], None, np.nan, "", " ", "1111111111", "nonsense"])
    made = P.pseudonyms(column, kind="nhs-number")
    assert (
        made.values[:50] == [P.pseudonym(n, kind="nhs-number") for n in numbers] and made.values[50] == made.values[0]
    )
    assert made.refused == (64, 65) and made.missing == 4 and set(made.values[60:]) == {None}
    assert len(set(made.values[:50])) == 50


@pytest.mark.parametrize("kind", KINDS)
@given(text=st.text(max_size=40))
def test_any_text_gives_a_pseudonym_or_none_and_none_tells_it(kind, text):
    made = P.pseudonym(text, kind=kind)
    assert made is None or (len(made) == 32 and made.isascii() and made == P.pseudonym(text, kind=kind))
    normal = KINDS[kind](text)
    assert normal is None or KINDS[kind](normal) == normal


def write_csv(path, numbers):
    rows = [f'{number},"a ""b"", c\nd",  é ,=1+1' for number in numbers]
    path.write_bytes(("\ufeffnhs_number,notes,place,odd\r\n" + "\r\n".join(rows) + "\r\n").encode())
    return path


def test_a_file_keeps_its_other_columns(tmp_path):
    numbers = [*nhs_numbers(20), "1111111111", "", "not one"]
    source = write_csv(tmp_path / "clients.csv", numbers)
    out = tmp_path / "out.csv"
    record = pseudonymise_file(source, field="nhs_number", kind="nhs-number", pseudonymiser=P, out=out)
    before = pd.read_csv(source, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    after = pd.read_csv(out, dtype=str, keep_default_na=False)
    assert after.drop(columns="nhs_number").equals(before.drop(columns="nhs_number"))
    assert list(after["nhs_number"][:20]) == [P.pseudonym(n, kind="nhs-number") for n in numbers[:20]]
    assert (record.rows, record.pseudonyms, record.missing, record.refused) == (23, 20, 1, 2)
    assert record.refused_lines == (43, 47) and "not one" not in record.in_words
    assert record.output_sha256 == hashlib.sha256(out.read_bytes()).hexdigest()
    assert record.input_sha256 == hashlib.sha256(source.read_bytes()).hexdigest()
    beside = tmp_path / "out.csv.pseudonyms.json"
    assert read_pseudonym_record(beside) == record
    told = beside.read_text()
    assert KEY.hex() not in told and not any(number in told for number in numbers if len(number) == 10)
    if os.name == "posix":
        assert stat.S_IMODE(out.stat().st_mode) == stat.S_IMODE(beside.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"nhs_number,b\n9434765919\n", "row 1: 1 fields where the header has 2"),
        (b"nhs_number,b\n9434765919,1\n\n", "row 2: blank line"),
        (b"nhs_number,b\n\xe9,1\n", "not UTF-8"),
        (b'nhs_number,b\n"9434765919" x,1\n', "quotes or line ends"),
        (b'nhs_number,b\n"9434765919,1\n', "quotes or line ends"),
        (b"nhs_number,b\n9434765919,\0\n", "row"),
    ],
)
def test_a_broken_file_leaves_nothing_and_shows_no_value(tmp_path, content, told):
    (tmp_path / "in.csv").write_bytes(content)
    with pytest.raises(DataError) as caught:
        pseudonymise_file(
            tmp_path / "in.csv", field="nhs_number", kind="nhs-number", pseudonymiser=P, out=tmp_path / "o"
        )
    assert told in str(caught.value) and "9434765919" not in str(caught.value)
    assert files(tmp_path) == ["in.csv"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [({"field": "nhsnumber"}, 'did you mean "nhs_number"'), ({"kind": "nhs"}, "no kind of identifier")],
)
def test_wrong_words_leave_nothing(tmp_path, changes, told):
    source = write_csv(tmp_path / "in.csv", ["9434765919"])
    words = {"field": "nhs_number", "kind": "nhs-number"} | changes
    with pytest.raises(ParameterError, match=told):
        pseudonymise_file(source, pseudonymiser=P, out=tmp_path / "o.csv", **words)
    assert files(tmp_path) == ["in.csv"]


def test_nothing_is_written_over(tmp_path):
    source = write_csv(tmp_path / "in.csv", ["9434765919"])
    with pytest.raises(ParameterError, match="already"):
        pseudonymise_file(source, field="nhs_number", kind="nhs-number", pseudonymiser=P, out=source)
    assert b"9434765919" in source.read_bytes()


KILLED = """
import sys, time
from pathlib import Path
from problemsolving.governance.private import private_file
with private_file(Path(sys.argv[1])) as stream:
    for _ in range(1_000_000):
        stream.write(b"half of a file of clients")
        stream.flush()
        print("writing", flush=True)
        time.sleep(0.01)
"""


@posix
def test_kill_leaves_no_half_file(tmp_path):
    out = tmp_path / "clients.csv"
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(out)], stdout=subprocess.PIPE)
    for _ in range(3):
        assert process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    process.communicate()
    left = files(tmp_path)
    assert not out.exists()
    if sys.platform == "linux":
        assert left == []
    assert all(name.endswith(".tmp") for name in left)


def test_a_private_file_appears_at_the_end_or_not_at_all(tmp_path, monkeypatch):
    for unnamed in (True, False):
        if not unnamed:
            monkeypatch.setattr("problemsolving.governance.private._unnamed", lambda folder: None)
        path = tmp_path / f"file-{unnamed}"
        with private_file(path) as stream:
            stream.write(b"x")
            assert not path.exists()
        assert path.read_bytes() == b"x"
        with pytest.raises(RuntimeError), private_file(tmp_path / "never") as stream:
            raise RuntimeError
        with pytest.raises(ParameterError, match="already"), private_file(tmp_path / f"late-{unnamed}") as stream:
            (tmp_path / f"late-{unnamed}").write_text("theirs")
        assert (tmp_path / f"late-{unnamed}").read_text() == "theirs"
    assert files(tmp_path) == ["file-False", "file-True", "late-False", "late-True"]


@posix
def test_a_file_system_without_links_to_open_files_gets_its_file_too(tmp_path, monkeypatch):
    real = os.link
    monkeypatch.setattr(os, "link", lambda *a, **k: real(*a, **k) if "src_dir_fd" not in k else (_ for _ in ()).throw(OSError(1, "no")))  # fmt: skip
    with private_file(tmp_path / "file") as stream:
        stream.write(b"whole")
    assert (tmp_path / "file").read_bytes() == b"whole" and files(tmp_path) == ["file"]


def linked_frame(parts):
    rows = [
        (f"{group}{n}" if n < known else f"x{group}{n}", group) for group, known, total in parts for n in range(total)
    ]
    return pd.DataFrame(rows, columns=["person_id", "ethnicity"]), [f"{g}{n}" for g, known, _ in parts for n in range(known)]  # fmt: skip


def test_linkage_rate_by_group_with_wilson_intervals():
    frame, others = linked_frame([("a", 90, 100), ("b", 40, 80)])
    frame.loc[len(frame)] = [None, None]
    result = linkage_rate(frame, others, by="ethnicity")
    rates = result.rates().set_index("group")
    assert rates["share"].to_dict() == {"a": 0.9, "b": 0.5, "not recorded": 0.0}
    low, high = wilson_limits([90, 40, 0], [100, 80, 1])
    assert np.allclose(rates["low"], low) and np.allclose(rates["high"], high)
    assert "lowest in group not recorded" in result.summary() and result.table().rows[0][0] == "a"


def test_a_released_linkage_rate_is_computed_from_released_counts():
    frame, others = linked_frame([("a", 93, 124), ("b", 5, 80), ("c", 40, 60), ("d", 70, 130)])
    released = release(linkage_rate(frame, others, by="ethnicity"), get_policy("opensafely")).result
    rates = released.rates().set_index("group")
    assert rates.loc["a", ["linked", "count"]].tolist() == [95.0, 125.0]
    assert rates["share"].isna().to_dict() == {"a": False, "b": True, "c": True, "d": False}
    assert all((value.estimate is None) == (value.group in "bc") for value in released.values())


def test_linkage_rate_needs_its_columns():
    with pytest.raises(ValueError, match="no column sex"):
        linkage_rate(pd.DataFrame({"person_id": ["a"]}), [], by="sex")


def test_a_hundred_thousand_identifiers_take_seconds_not_minutes():
    numbers = nhs_numbers(2_000) * 50
    began = time.process_time()
    made = P.pseudonyms(numbers, kind="nhs-number")
    assert time.process_time() - began < 5 and len(set(made.values)) == 2_000


def test_the_record_beside_a_file_is_read_or_refused(tmp_path):
    for content in ("{}", "[]", "nonsense", json.dumps({"field": "x"})):
        (tmp_path / "x.json").write_text(content)
        with pytest.raises(ParameterError, match="not a record of pseudonyms"):
            read_pseudonym_record(tmp_path / "x.json")
    with pytest.raises(ParameterError, match="cannot be read"):
        read_pseudonym_record(tmp_path / "nowhere.json")


def test_a_number_that_a_spreadsheet_shortened_is_refused_and_named(tmp_path):
    (tmp_path / "in.csv").write_text("id\nA-1\n9.43E+09\n-\n", "utf-8")
    record = pseudonymise_file(
        tmp_path / "in.csv", field="id", kind="identifier", pseudonymiser=P, out=tmp_path / "out.csv"
    )
    assert (record.pseudonyms, record.refused, record.shortened, record.refused_lines) == (1, 2, 1, (3, 4))
    assert "1 of them shortened by a spreadsheet" in record.in_words and "9.43" not in record.in_words


@posix
def test_a_key_in_a_folder_that_all_may_write_to_is_refused(tmp_path):
    folder = tmp_path / "open" / "deep"
    folder.mkdir(parents=True)
    make_key(folder / "key")
    folder.parent.chmod(0o777)
    for action in (lambda: read_key(folder / "key"), lambda: make_key(folder / "other")):
        with pytest.raises(ParameterError, match="everybody may write"):
            action()
    folder.parent.chmod(0o1777)  # as /tmp: nobody replaces what is another's
    assert len(read_key(folder / "key")) == 32


@pytest.mark.parametrize("marks", [[".hg"], [".jj"], [".svn"], ["HEAD", "objects", "refs"]])
def test_a_key_lies_in_no_repository_of_any_kind(tmp_path, marks):
    for mark in marks:
        (tmp_path / mark).mkdir()
    with pytest.raises(ParameterError, match="must not lie in a repository"):
        make_key(tmp_path / "key")
    assert files(tmp_path) == sorted(marks)
