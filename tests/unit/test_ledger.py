"""The ledger keeps what left and notices what was changed; the next release is checked against it."""

import json
import multiprocessing
import os
import signal
import time

import numpy as np
import pytest

from problemsolving.errors import DisclosureError
from problemsolving.governance.ledger import check_findings, check_release, ledger_path, read_ledger, record_release
from problemsolving.governance.policies import POLICIES

ONS, SAFE, HES, OPEN = (POLICIES[name] for name in ("ons", "opensafely", "nhs-hes", "open"))


def finding(*cells, sums=(), of="incidents", name="rate"):
    """A finding of cells (group, first month, last month, released count)."""
    listed = [[{"group": group}, [first, last], count] for group, first, last, count in cells]
    return {
        "stage": "scan",
        "name": name,
        "released_cells": {"of": of, "cells": listed, "sums": [list(s) for s in sums]},
    }


@pytest.fixture
def ledger(tmp_path):
    return ledger_path(tmp_path)


def test_without_a_ledger_the_history_is_unknown_and_then_known(ledger):
    page = [finding(("a", "2024-01", "2024-12", 60))]
    assert check_findings(page, ledger, SAFE) == "history unknown"
    record_release(page, ledger, SAFE, run="one")
    assert check_findings(page, ledger, SAFE) == "checked against 1 earlier release"


def test_the_same_run_is_written_once(ledger):
    page = [finding(("a", "2024-01", "2024-12", 60))]
    assert record_release(page, ledger, SAFE, run="one") == record_release(page, ledger, SAFE, run="one")
    assert len(read_ledger(ledger)) == 1


@pytest.mark.parametrize(("policy", "later"), [(ONS, 63.0), (ONS, 66.0)])
def test_months_whose_difference_is_a_small_group_are_refused_with_the_remedy(ledger, policy, later):
    record_release([finding(("a", "2024-01", "2024-11", 60.0))], ledger, policy, run="one")
    with pytest.raises(DisclosureError) as caught:
        check_findings([finding(("a", "2024-01", "2024-12", later))], ledger, policy)
    (fault,) = caught.value.faults
    assert fault.startswith("scan rate: differencing") and "keep the earlier value" in fault and "round" in fault
    assert str(int(later)) not in str(caught.value)


@pytest.mark.parametrize(("policy", "later"), [(ONS, 60.0), (ONS, 70.0), (SAFE, 65.0), (HES, 65.0), (OPEN, 61.0)])
def test_months_whose_difference_is_none_large_or_rounded_pass(ledger, policy, later):
    record_release([finding(("a", "2024-01", "2024-11", 60.0))], ledger, policy, run="one")
    assert "1 earlier" in check_findings([finding(("a", "2024-01", "2024-12", later))], ledger, policy)


def test_a_late_revision_by_a_small_group_is_refused(ledger):
    record_release([finding(("a", "2024-01", "2024-12", 63.0))], ledger, ONS, run="one")
    with pytest.raises(DisclosureError):
        check_findings([finding(("a", "2024-01", "2024-12", 60.0))], ledger, ONS)


def test_a_count_withheld_now_and_shown_before_as_a_small_one_is_refused(ledger):
    record_release([finding(("a", "2024-01", "2024-12", 3.0))], ledger, OPEN, run="one")
    with pytest.raises(DisclosureError, match="bounds"):
        check_findings([finding(("a", "2024-01", "2024-12", None))], ledger, SAFE)


def test_a_count_withheld_before_may_not_be_shown_exactly_now(ledger):
    record_release([finding(("a", "2024-01", "2024-12", None))], ledger, SAFE, run="one")
    with pytest.raises(DisclosureError, match="bounds"):
        check_findings([finding(("a", "2024-01", "2024-12", 3.0))], ledger, OPEN)


def test_another_choice_of_second_count_would_tell_the_first(ledger):
    months = ("2024-01", "2024-12")
    sums = ([[0, 1, 2], 75.0],)
    record_release(
        [finding(("a", *months, None), ("b", *months, None), ("c", *months, 60.0), sums=sums)], ledger, ONS, run="one"
    )
    with pytest.raises(DisclosureError, match="bounds"):
        check_findings(
            [finding(("a", *months, None), ("b", *months, 12.0), ("c", *months, None), sums=sums)], ledger, ONS
        )


def test_two_findings_of_a_page_that_count_the_same_may_not_undo_each_other(ledger):
    months = ("2024-01", "2024-12")
    one = finding(("a", *months, None), ("b", *months, None), ("c", *months, 60.0), sums=([[0, 1, 2], 75.0],))
    assert check_findings([one], ledger, ONS)
    with pytest.raises(DisclosureError, match="bounds"):
        check_findings([one, finding(("b", *months, 12.0), name="rate_change")], ledger, ONS)


def test_a_total_that_grew_with_a_withheld_month_tells_it(ledger):
    def months(*counts):
        return [(f"m{place}", f"2024-0{place}", f"2024-0{place}", count) for place, count in enumerate(counts, 1)]

    now = [finding(*months(40.0, 50.0, 30.0, None), sums=([[0, 1, 2, 3], 125.0],))]
    assert check_findings(now, ledger, SAFE)
    record_release([finding(*months(40.0, 50.0, 30.0), sums=([[0, 1, 2], 120.0],))], ledger, SAFE, run="one")
    with pytest.raises(DisclosureError, match="bounds"):
        check_findings(now, ledger, SAFE)


def test_only_released_values_are_kept(ledger):
    page = finding(("a", "2024-01", "2024-12", None), ("b", "2024-01", "2024-12", 60.0)) | {"summary": "secret 17"}
    record_release([page], ledger, SAFE, run="one")
    assert "17" not in ledger.read_text("utf-8").replace(read_ledger(ledger)[0]["hash"], "")
    assert [cell[2] for cell in read_ledger(ledger)[0]["findings"][0]["cells"]] == [None, 60.0]


def three(ledger):
    for number in range(3):
        record_release(
            [finding(("a", "2024-01", "2024-12", 60.0 + 50 * number), name=f"f{number}", of=f"{number}")],
            ledger,
            SAFE,
            run=str(number),
        )


def change(ledger, edit):
    content = json.loads(ledger.read_text("utf-8"))
    edit(content)
    ledger.write_text(json.dumps(content), encoding="utf-8")


@pytest.mark.parametrize(
    "edit",
    [
        lambda c: c["releases"][1]["findings"][0]["cells"][0].__setitem__(2, 65.0),
        lambda c: c["releases"].pop(1),
        lambda c: c["releases"].pop(),
        lambda c: c["releases"].reverse(),
        lambda c: c["releases"][0].update(run="other"),
        lambda c: c.update(version=9),
        lambda c: c.pop("head"),
    ],
)
def test_a_ledger_that_was_changed_or_cut_is_noticed(ledger, edit):
    three(ledger)
    assert len(read_ledger(ledger)) == 3
    change(ledger, edit)
    with pytest.raises(DisclosureError, match="put back the copy"):
        check_findings([], ledger, SAFE)


def test_half_a_file_is_noticed(ledger):
    three(ledger)
    raw = ledger.read_bytes()
    ledger.write_bytes(raw[: len(raw) // 2])
    with pytest.raises(DisclosureError, match="damaged"):
        read_ledger(ledger)


def publish(path, number):
    record_release([finding(("a", "2024-01", "2024-12", 60.0), of=f"{number}")], path, SAFE, run=f"run {number}")


def test_runs_that_publish_at_the_same_time_lose_no_entry(ledger):
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=publish, args=(ledger, number)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert sorted(entry["run"] for entry in read_ledger(ledger)) == [f"run {number}" for number in range(4)]


def hold(path, ready):
    from problemsolving.governance.ledger import _held

    path.parent.mkdir(parents=True, exist_ok=True)
    with _held(path):
        ready.set()
        time.sleep(60)


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is for POSIX")
def test_a_run_that_was_killed_while_it_held_the_ledger_does_not_block_others(ledger):
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    owner = context.Process(target=hold, args=(ledger, ready))
    owner.start()
    assert ready.wait(30)
    os.kill(owner.pid, signal.SIGKILL)
    owner.join(10)
    publish(ledger, 1)
    assert len(read_ledger(ledger)) == 1


def test_what_several_differences_tell_together_is_refused():
    policy, rng = POLICIES["opensafely"], np.random.default_rng(0)
    told = passed = 0
    for _ in range(200):
        months = rng.poisson(6, 12)
        spans = [(0, 12), (1, 12), (0, 11), (1, 11)]
        shown = [float(policy.apply([months[first:last].sum()])[0]) for first, last in spans]
        ends = (
            max(shown[0] - shown[1] - 4, shown[2] - shown[3] - 4, 0),
            min(shown[0] - shown[1] + 4, shown[2] - shown[3] + 4),
        )
        if not (ends[0] >= 1 and ends[1] <= 7 and ends[1] - ends[0] < 7):
            continue
        told += 1
        releases: list = []
        for (first, last), count in zip(spans, shown, strict=True):
            period = [f"2023-{first + 1:02d}", f"2023-{last:02d}"]
            finding = {
                "stage": "scan",
                "name": "rate",
                "of": "incidents",
                "cells": [[{"group": "D"}, period, count]],
                "sums": [],
            }
            if check_release(releases, [finding], policy):
                break
            releases.append({"policy": policy.rules, "findings": [finding]})
        else:
            passed += 1
    assert told > 10 and not passed
