"""Hand-back: for the controlling agency that holds the key, by a signed decision, logged; for nobody else."""

import csv
import datetime as dt
import hashlib
import json
import os
import random
import re
import stat
import subprocess
import sys
import time
from dataclasses import replace

import pytest
from click.testing import CliRunner

from problemsolving.cli import main
from problemsolving.dictionary.schema import source
from problemsolving.errors import DisclosureError, ParameterError, ProblemSolvingError, SharingError
from problemsolving.governance.atrs import OPEN, SECTIONS, write_atrs
from problemsolving.governance.attempts import append_attempt, verify_log
from problemsolving.governance.gateways import loaded_fields
from problemsolving.governance.handback import HandBackFiles, hand_back
from problemsolving.governance.pseudonymise import pseudonymise_file
from problemsolving.governance.pseudonyms import Pseudonymiser, make_key, read_key
from problemsolving.records import read_yaml

TODAY = dt.date(2026, 6, 1)
AGENCY = "mental-health-trust"


def nhs_numbers(count):
    random_, found = random.Random(11), []
    while len(found) < count:
        digits = [random_.randint(0, 9) for _ in range(9)]
        check = 11 - sum(digit * (10 - place) for place, digit in enumerate(digits)) % 11
        if check != 10:
            found.append("".join(map(str, [*digits, check % 11])))
    return list(dict.fromkeys(found))


NUMBERS = nhs_numbers(40)


def sharing_record():
    return {
        "dataset": "contacts", "kind": "shared", "source": "simulated-contacts",
        "delivery": {"series": "Contacts", "cadence": "monthly"},
        "source_agency": AGENCY, "receiving_agencies": ["public-health", AGENCY], "controllers": [AGENCY],
        "purposes": [{"code": "re-identification", "text": "Offer support"}], "regime": "uk-gdpr",
        "lawful_basis": "article-6-1-e", "confidentiality_basis": "Direct care",
        "caldicott_approval": {"by": "A Guardian", "on": "2026-01-10"},
        "special_category_condition": "article-9-2-h", "offence_data_condition": "none",
        "legal_gateway": "section-251-regulation-5",
        "fields": [{"name": name, "why": "Support"} for name in loaded_fields(source("simulated-contacts"))],
        "level": "person", "dpia": {"reference": "DPIA 12", "on": "2026-01-05"}, "retention_until": "2028-01-31",
        "review_on": "2027-01-31", "requester": "R Analyst", "approver": "A Director", "approved_on": "2026-01-15",
        "permitted_outputs": {"policy": "opensafely", "threshold": "8", "rounding": "5", "lowest_area": "small-area"},
        "statistics_only": "false", "linkable_to": "none",
    }  # fmt: skip


def write_clients(path, numbers):
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([["nhs_number", "surname"], *([number, "Nobody"] for number in numbers)])
    return path


@pytest.fixture
def files(tmp_path):
    """Data made with the trust's key; 12 pseudonyms at risk, 8 of them its clients."""
    key = tmp_path / "keys" / "trust.key"
    key.parent.mkdir()
    make_key(key)
    maker = Pseudonymiser(read_key(key))
    data = write_clients(tmp_path / "data.csv", NUMBERS)
    pseudonymise_file(data, field="nhs_number", kind="nhs-number", pseudonymiser=maker, out=tmp_path / "shared.csv")
    people = tmp_path / "at-risk.csv"
    listed = [maker.pseudonym(number, kind="nhs-number") for number in NUMBERS[:12]]
    people.write_text("person_id,rank\n" + "".join(f"{value},1\n" for value in [*listed, listed[0]]), "utf-8")
    spaced = [f"{number[:3]} {number[3:6]} {number[6:]}" for number in NUMBERS[4:30]]
    clients = write_clients(tmp_path / "clients.csv", [*spaced, spaced[0], "1111111111", ""])
    record = tmp_path / "sharing" / "contacts.yml"
    record.parent.mkdir()
    record.write_text(json.dumps(sharing_record()), "utf-8")
    decision = tmp_path / "handback.yml"
    decision.write_text(json.dumps(decided(people)), "utf-8")
    return HandBackFiles(
        people=people, clients=clients, key=key, made_with=tmp_path / "shared.csv.pseudonyms.json", record=record,
        decision=decision, out=tmp_path / "found.csv", log=tmp_path / "handback-log.jsonl",
    )  # fmt: skip


def decided(people, **changes):
    return {
        "purpose": "re-identification",
        "dataset": "contacts",
        "domain": "nhs-number",
        "data_sha256": hashlib.sha256(people.with_name("shared.csv").read_bytes()).hexdigest(),
        "delivery": "Contacts",
        "controlling_agency": AGENCY,
        "reason": "To offer support before a crisis.",
        "people_prioritised": "Four or more contacts in crisis within a year.",
        "list_sha256": hashlib.sha256(people.read_bytes()).hexdigest(),
        "requester": "R Analyst",
        "decided_by": {"name": "D Head-of-Care", "role": "Head of community care"},
        "decided_on": "2026-05-30",
        "signature": {"typed_name": "d head of care", "signed_on": "2026-05-31"},
    } | changes


def attempt(files):
    return hand_back(files, field="nhs_number", today=TODAY)


def log_of(files):
    return [json.loads(line) for line in files.log.read_text("utf-8").splitlines()]


def test_the_controlling_agency_finds_its_own_clients(files):
    done = attempt(files)
    found = files.out.read_text("utf-8").splitlines()
    expected = sorted(f"{number[:3]} {number[3:6]} {number[6:]}" for number in NUMBERS[4:12])
    assert found == ["nhs_number", *expected]
    assert (done.listed, done.found, done.clients, done.refused) == (12, 8, 29, 2)
    if os.name == "posix":
        assert stat.S_IMODE(files.out.stat().st_mode) == stat.S_IMODE(files.log.stat().st_mode) == 0o600
    (line,) = log_of(files)
    assert line["outcome"] == "granted" and line["key_id"] == done.key_id and line["decided_by"] == "D Head-of-Care"
    assert verify_log(files.log) == (1, done.log_head)
    text = files.log.read_text() + done.in_words
    assert not any(number in text.replace(" ", "") for number in NUMBERS) and read_key(files.key).hex() not in text


CHANGES = {
    "statistics only": ("record", {"statistics_only": "true"}, "for statistics only"),
    "statistics as its purpose": ("record", {"statistics_only": "true", "purposes": [{"code": "problem-profile", "text": "x"}]}, "for statistics only"),
    "another purpose": ("record", {"purposes": [{"code": "problem-profile", "text": "x"}]}, "purposes: do not cover re-identification"),
    "another controller": ("record", {"controllers": ["public-health"]}, "controllers: do not name mental-health-trust"),
    "expired": ("record", {"retention_until": "2026-05-31", "review_on": "2026-05-30"}, "retention_until"),
    "no approval of its own": ("record", {"approver": "r analyst"}, "approver: is the requester"),
    "purpose of the decision": ("decision", {"purpose": "problem-profile"}, "purpose:"),
    "requester decides": ("decision", {"requester": "d head-of-care"}, "decided_by: is the requester"),
    "somebody else signs": ("decision", {"signature": {"typed_name": "R Analyst", "signed_on": "2026-05-31"}}, "signature.typed_name: is not the decider's"),
    "signed before": ("decision", {"signature": {"typed_name": "D Head-of-Care", "signed_on": "2026-05-29"}}, "signature.signed_on: lies before"),
    "decided in the future": ("decision", {"decided_on": "2026-06-02", "signature": {"typed_name": "D Head-of-Care", "signed_on": "2026-06-02"}}, "in the future"),
    "no reason": ("decision", {"reason": ""}, "reason:"),
    "no way of choosing": ("decision", {"people_prioritised": " "}, "people_prioritised:"),
    "no signature": ("decision", {"signature": "yes"}, "signature:"),
    "another list": ("decision", {"list_sha256": "0" * 64}, "list_sha256: is of another list"),
    "another data set": ("decision", {"dataset": "referrals"}, "dataset: is for another data set"),
    "another agency decides": ("decision", {"controlling_agency": "public-health"}, "controllers: do not name public-health"),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_anything_else_is_refused_and_logged(files, name):
    which, change, told = CHANGES[name]
    path = getattr(files, which)
    path.write_text(json.dumps(json.loads(path.read_text()) | change), "utf-8")
    with pytest.raises(SharingError) as caught:
        attempt(files)
    assert told in str(caught.value)
    assert not files.out.exists() and [line["outcome"] for line in log_of(files)] == ["refused"]
    assert log_of(files)[0]["reasons"] and verify_log(files.log)[0] == 1


def test_all_reasons_are_told_at_once(files):
    make_key(files.key.with_name("other"))
    files.record.write_text(json.dumps(sharing_record() | {"statistics_only": "true", "approver": "R Analyst"}))
    files.decision.write_text(json.dumps(decided(files.people, requester="D Head-of-Care", list_sha256="1" * 64)))
    with pytest.raises(SharingError) as caught:
        attempt(replace(files, key=files.key.with_name("other")))
    told = str(caught.value)
    assert all(
        word in told for word in ("statistics only", "approver:", "decided_by:", "another list", "key: is not the key")
    )


def test_nobody_without_the_key_identifies_anyone(files):
    other = files.key.with_name("other")
    make_key(other)
    with pytest.raises(SharingError, match="is not the key of these data"):
        attempt(replace(files, key=other))
    made = json.loads(files.made_with.read_text())
    made["key_id"] = Pseudonymiser(read_key(other)).key_id
    forged = files.made_with
    forged.write_text(json.dumps(made))
    done = attempt(replace(files, key=other, made_with=forged))
    assert done.found == 0 and files.out.read_text() == "nhs_number\n"


@pytest.mark.parametrize("missing", ["people", "clients", "key", "made_with", "record", "decision"])
def test_a_missing_file_is_told_and_logged(files, missing):
    getattr(files, missing).unlink()
    with pytest.raises(ProblemSolvingError):
        attempt(files)
    assert not files.out.exists() and log_of(files)[0]["outcome"] in ("refused", "granted")
    assert missing == "clients" or log_of(files)[0]["outcome"] == "refused"


def test_clients_are_not_written_where_they_could_be_published(files, tmp_path):
    for mark in ("problem.yml", ".git"):
        place = tmp_path / mark.strip(".")
        (place / "runs" / "one" / "released").mkdir(parents=True)
        (place / mark).mkdir() if mark == ".git" else (place / mark).write_text("")
        with pytest.raises(SharingError, match=r"out: .*must not lie"):
            attempt(replace(files, out=place / "runs" / "one" / "released" / "x.csv"))
    with pytest.raises(SharingError, match="no such folder"):
        attempt(replace(files, out=tmp_path / "nowhere" / "x.csv"))
    files.out.write_text("theirs")
    with pytest.raises(SharingError, match="already"):
        attempt(files)
    assert files.out.read_text() == "theirs" and len(log_of(files)) == 4


@pytest.mark.parametrize(
    "spoil",
    [
        lambda lines: [lines[0].replace(b'"refused"', b'"granted"'), *lines[1:]],
        lambda lines: [lines[0], lines[2]],
        lambda lines: [lines[1], lines[0], lines[2]],
        lambda lines: lines[1:],
        lambda lines: [*lines[:2], lines[2][:-20]],
        lambda lines: [*lines, b"nonsense"],
        lambda lines: [*lines, b"[]"],
        lambda lines: [*lines, lines[2]],
    ],
    ids=[
        "a word changed",
        "a line out",
        "lines swapped",
        "first line out",
        "a line cut",
        "nonsense",
        "a list",
        "twice",
    ],
)
def test_an_altered_log_is_noticed_and_stops_every_hand_back(files, spoil):
    for _ in range(3):
        with pytest.raises(SharingError):
            attempt(replace(files, key=files.people))
    assert verify_log(files.log)[0] == 3
    lines = spoil(files.log.read_bytes().splitlines())
    files.log.write_bytes(b"\n".join(lines) + b"\n")
    with pytest.raises(SharingError, match="altered"):
        verify_log(files.log)
    with pytest.raises(SharingError, match="log: the log of hand-backs was altered"):
        attempt(files)
    assert not files.out.exists() and log_of_last(files)["outcome"] == "refused"


def log_of_last(files):
    return json.loads(files.log.read_text("utf-8").splitlines()[-1])


def test_a_log_cut_at_its_end_has_another_head(tmp_path):
    log = tmp_path / "log.jsonl"
    heads = [append_attempt(log, {"n": n})[0] for n in range(4)]
    assert verify_log(log) == (4, heads[-1]) and len(set(heads)) == 4
    log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:-1]))
    assert verify_log(log) == (3, heads[2])
    log.write_bytes(log.read_bytes()[:-1])
    with pytest.raises(SharingError, match="line 3"):
        verify_log(log)


def test_attempts_at_the_same_time_keep_the_chain(tmp_path):
    script = (
        "import sys; from pathlib import Path; from problemsolving.governance.attempts import append_attempt;"
        "[append_attempt(Path(sys.argv[1]), {'n': n}) for n in range(25)]"
    )
    log = str(tmp_path / "log.jsonl")
    running = [subprocess.Popen([sys.executable, "-c", script, log]) for _ in range(3)]
    assert [process.wait() for process in running] == [0, 0, 0]
    if os.name == "posix":
        assert verify_log(tmp_path / "log.jsonl")[0] == 75


def words(files):
    return [
        "handback", str(files.people), "--clients", str(files.clients), "--field", "nhs_number", "--key", str(files.key),
        "--made-with", str(files.made_with), "--record", str(files.record), "--decision", str(files.decision),
        "--out", str(files.out),
    ]  # fmt: skip


def in_force(files):
    """The command line knows the current day alone."""
    files.record.write_text(json.dumps(sharing_record() | {"retention_until": "2099-12-31", "review_on": "2099-12-31"}))
    today = dt.datetime.now(tz=dt.UTC).date().isoformat()
    signed = {"typed_name": "D Head-of-Care", "signed_on": today}
    files.decision.write_text(json.dumps(decided(files.people, decided_on=today, signature=signed)))


@pytest.mark.skipif(sys.platform != "linux", reason="a file without a name is Linux's")
def test_kill_leaves_the_whole_file_or_none_and_a_sound_log(files):
    in_force(files)
    many = nhs_numbers(60_000)
    write_clients(files.clients, [*NUMBERS[4:30], *many])
    before = {path.name for path in files.out.parent.iterdir()}
    for delay in (0.4, 0.6, 0.8, 1.0, 1.3, 1.7):
        process = subprocess.Popen([sys.executable, "-m", "problemsolving", *words(files)], stdout=subprocess.PIPE)
        time.sleep(delay)
        process.kill()
        process.communicate()
        verify_log(files.log)
        after = {path.name for path in files.out.parent.iterdir()}
        assert after - before <= {"found.csv", "handback-log.jsonl", ".handback-log.jsonl.lock", "atrs.yml"}
        if files.out.exists():
            assert len(files.out.read_text().splitlines()) == 13  # the first twelve numbers are among the many
            files.out.unlink()


def test_the_command_says_what_is_left_to_do(files):
    in_force(files)
    ran = CliRunner().invoke(main, words(files))
    assert ran.exit_code == 0, ran.output
    assert "8 of 12 people" in ran.output and "headings are for people to fill" in ran.output
    record = read_yaml(files.decision.with_name("atrs.yml"))
    assert list(record) == list(SECTIONS)
    assert all(tuple(record[name]) == headings for name, headings in SECTIONS.items())
    left = sum(text == OPEN for section in record.values() for text in section.values())
    assert f"{left} headings" in ran.output and record["Tier 1: Overview"]["Contact email"] == OPEN
    assert "Four or more contacts" in record["Tier 2: Description and rationale"]["Detailed description"]
    files.out.unlink()
    again = CliRunner().invoke(main, words(files))
    assert again.exit_code == 0 and "there already" in again.output and verify_log(files.log)[0] == 2
    assert CliRunner().invoke(main, words(files)).exit_code == 13


def test_a_transparency_record_tells_nobodys_identifier(tmp_path):
    with pytest.raises(DisclosureError, match=r"Description.*NHS number"):
        write_atrs(tmp_path / "atrs.yml", {"Description": "such as 943 476 5919"})
    with pytest.raises(ParameterError, match="cannot be written"):
        write_atrs(tmp_path / "atrs.yml", {"Descriptoin": "x"})
    assert list(tmp_path.iterdir()) == []


def test_the_decision_in_the_docs_is_complete(files, root):
    block = re.search(r"```yaml\n(.*?)```", (root / "docs/how-to/hand-back.md").read_text("utf-8"), re.DOTALL)[1]
    right = hashlib.sha256(files.people.read_bytes()).hexdigest()
    data = hashlib.sha256(files.people.with_name("shared.csv").read_bytes()).hexdigest()
    files.decision.write_text(block.replace("0" * 64, right).replace("1" * 64, data), "utf-8")
    assert attempt(files).found == 8


def test_the_commands_for_keys_and_files(tmp_path, files):
    run = CliRunner().invoke
    made = run(main, ["pseudonyms", "make-key", str(tmp_path / "k")])
    assert made.exit_code == 0 and len(made.output.strip()) == 16
    options = ["--field", "nhs_number", "--kind", "nhs-number", "--key", str(tmp_path / "k")]
    source_file, out = str(files.clients), str(tmp_path / "o.csv")
    ran = run(main, ["pseudonyms", "apply", source_file, *options, "--out", out])
    assert ran.exit_code == 0 and "29 rows: 27 pseudonyms, 1 without an identifier, 1 refused" in ran.output
    assert made.output.strip() in ran.output and NUMBERS[5] not in (tmp_path / "o.csv").read_text().replace(" ", "")
    assert run(main, ["pseudonyms", "apply", source_file, *options, "--out", out]).exit_code == 10
    assert run(main, ["sharing", "draft", "nowhere", "x"]).exit_code == 10


def other_set(files, domain=""):
    """Data of other people, made with the same key: pseudonyms, and a signed decision about a list of them."""
    maker = Pseudonymiser(read_key(files.key))
    data, out = (
        write_clients(files.people.with_name("b.csv"), nhs_numbers(60)[40:]),
        files.people.with_name("b-shared.csv"),
    )
    pseudonymise_file(data, field="nhs_number", kind="nhs-number", pseudonymiser=maker, domain=domain, out=out)
    files.people.write_text(out.read_text("utf-8").replace("nhs_number", "person_id"), "utf-8")
    return replace(files, made_with=out.with_name("b-shared.csv.pseudonyms.json"))


@pytest.mark.parametrize(
    ("domain", "told"), [("", "data_sha256: is of other data"), ("set-b", "domain: is not that of")]
)
def test_people_of_another_data_set_are_not_handed_back(files, domain, told):
    right = json.loads(files.decision.read_text())["data_sha256"]
    other = other_set(files, domain)
    files.decision.write_text(json.dumps(decided(files.people, data_sha256=right)))
    with pytest.raises(SharingError, match=told):
        attempt(other)
    assert not files.out.exists() and log_of(files)[0]["outcome"] == "refused"


def test_a_decision_about_a_file_that_the_record_does_not_list_is_refused(files):
    listed = hashlib.sha256(files.people.with_name("shared.csv").read_bytes()).hexdigest()
    files.record.write_text(json.dumps(sharing_record() | {"sha256": [listed], "delivery": "none"}))
    assert attempt(files).found == 8
    files.out.unlink()
    other = other_set(files)
    theirs = hashlib.sha256(files.people.with_name("b-shared.csv").read_bytes()).hexdigest()
    files.decision.write_text(json.dumps(decided(files.people, data_sha256=theirs)))
    with pytest.raises(SharingError, match="data_sha256: is of no file that the sharing record lists"):
        attempt(other)


def test_a_list_of_people_who_are_not_in_the_shared_data_is_refused(files):
    other_set(files)
    files.decision.write_text(json.dumps(decided(files.people)))
    with pytest.raises(SharingError, match=r"of \d+ on the list are not in shared\.csv"):
        attempt(files)
    with files.people.with_name("shared.csv").open("a") as stream:
        stream.write("x,y\n")
    with pytest.raises(SharingError, match="is not the file that"):
        attempt(files)


def test_the_list_that_is_hashed_is_the_list_that_is_used(files, monkeypatch):
    """The list is swapped for one of everybody as soon as its bytes are read."""
    from problemsolving.governance import handback

    everybody = files.people.with_name("shared.csv").read_text().replace("nhs_number", "person_id")

    def read_then_swap(path, *, most):
        raw = path.read_bytes()
        path.write_text(everybody)
        return raw

    monkeypatch.setattr(handback, "read_plain", read_then_swap)
    assert attempt(files).listed == 12


@pytest.mark.skipif(os.name != "posix", reason="pipes with names are POSIX")
@pytest.mark.parametrize("name", ["people", "clients", "made_with", "record", "decision", "key"])
def test_a_pipe_is_not_read(files, name):
    getattr(files, name).unlink()
    os.mkfifo(getattr(files, name))
    with pytest.raises(SharingError, match=f"{name}: is not a plain file"):
        attempt(files)
    assert log_of(files)[0]["outcome"] == "refused"


@pytest.mark.parametrize(
    ("field", "value"),
    [("bits", "160"), ("bits", None), ("bits", 160.0), ("bits", 10**30), ("bits", True), ("kind", ["a"]), ("kind", "x"),
     ("domain", 5), ("domain", None), ("key_id", 7), ("algorithm", ["a"]), ("refused_lines", "ab"), ("shortened", "1")],
)  # fmt: skip
def test_a_malformed_record_of_pseudonyms_is_refused_and_logged(files, field, value):
    files.made_with.write_text(json.dumps(json.loads(files.made_with.read_text()) | {field: value}))
    with pytest.raises(SharingError, match=f"is not a record of pseudonyms: wrong values of {field}"):
        attempt(files)
    assert [line["outcome"] for line in log_of(files)] == ["refused"]


def test_what_nobody_expected_is_logged_and_refused(files, monkeypatch):
    def broken(*_, **__):
        raise ZeroDivisionError

    monkeypatch.setattr(Pseudonymiser, "pseudonym", broken)
    with pytest.raises(SharingError, match="unexpected ZeroDivisionError"):
        attempt(files)
    assert log_of(files)[0]["reasons"] == ["ZeroDivisionError"] and not files.out.exists()


def spoil_log(files, how):
    folder = files.log.parent
    if how == "repository":
        (folder / "repo" / ".git").mkdir(parents=True)
        return folder / "repo" / "log.jsonl"
    if how == "link":
        files.log.symlink_to(folder / "elsewhere.jsonl")
    elif how == "device":
        files.log.symlink_to("/dev/full")
    elif how == "folder":
        files.log.mkdir()
    elif how == "size":
        files.log.write_bytes(b" " * 16_000_001)
    return folder / "nowhere" / "log.jsonl" if how == "nowhere" else files.log


@pytest.mark.skipif(os.name != "posix", reason="links and devices are POSIX")
@pytest.mark.parametrize(
    ("how", "told"),
    [("repository", "must not lie"), ("link", "symbolic link"), ("device", "symbolic link"), ("folder", "not a plain file"),
     ("nowhere", "no such folder"), ("size", "larger than")],
)  # fmt: skip
def test_nobody_is_identified_where_no_log_can_be_kept(files, how, told):
    with pytest.raises(SharingError, match=rf"(?s)could not be logged.*log: .*{told}"):
        attempt(replace(files, log=spoil_log(files, how)))
    assert not files.out.exists() and not (files.log.parent / "elsewhere.jsonl").exists()


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
def test_a_log_that_all_could_read_becomes_its_owners_alone(files):
    files.log.write_text("")
    files.log.chmod(0o666)
    attempt(files)
    assert stat.S_IMODE(files.log.stat().st_mode) == 0o600


def test_a_decision_serves_one_output_under_the_record_of_its_time(files):
    attempt(files)
    with pytest.raises(SharingError, match="was used already for another output"):
        attempt(replace(files, out=files.out.with_name("second.csv")))
    early = {"typed_name": "d head of care", "signed_on": "2026-01-14"}
    files.decision.write_text(json.dumps(decided(files.people, decided_on="2026-01-14", signature=early)))
    with pytest.raises(SharingError, match="decided_on: lies before the sharing record was approved"):
        attempt(replace(files, out=files.out.with_name("second.csv")))


def test_a_requester_who_looks_like_another_is_refused(files):
    files.decision.write_text(json.dumps(decided(files.people, requester="D Head-of-C\u0430r\u0435")))
    with pytest.raises(SharingError) as caught:
        attempt(files)
    assert "requester: mixes letters" in str(caught.value) and "decided_by: is the requester" in str(caught.value)


def test_faults_of_a_decision_are_told_in_plain_words(files, monkeypatch):
    wrong = decided(files.people, purpose="x", list_sha256="short", signature="yes", requester=["a"], more="1")
    files.decision.write_text(json.dumps({key: value for key, value in wrong.items() if key != "reason"}))
    monkeypatch.chdir(files.record.parent)
    files.record.write_text(json.dumps(sharing_record() | {"statistics_only": "true"}))
    with pytest.raises(SharingError) as caught:
        attempt(replace(files, record=files.record.relative_to(files.record.parent)))
    told = str(caught.value)
    assert not re.search(r"[Ii]nput|instance|Field required|pattern|/contacts\.yml", told)
    for words in ("purpose: write re-identification", "reason: is missing", "signature: write keys and values",
                  "requester: write text", "more: is not a field", "list_sha256: is not a SHA-256", "- contacts.yml:"):  # fmt: skip
        assert words in told
