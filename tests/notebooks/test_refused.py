"""What cannot run is refused in under a second, all faults at once, before any kernel, nothing written."""

import json
import os
import subprocess
import sys
import time

import pytest


def run(profile, *settings, stage=(), environment=None):
    words = [sys.executable, "-X", "importtime", "-m", "problemsolving", "run", str(profile)]
    words += [word for setting in settings for word in ("--set", setting)] + [
        word for name in stage for word in ("--stage", name)
    ]
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    began = time.perf_counter()
    ran = subprocess.run(
        words, capture_output=True, text=True, encoding="utf-8", check=False, env=kept | (environment or {})
    )
    return ran, time.perf_counter() - began


def message(ran):
    return "\n".join(line for line in ran.stderr.splitlines() if not line.startswith("import time:"))


def imported(ran):
    return {line.rsplit("|", 1)[1].strip() for line in ran.stderr.splitlines() if line.startswith("import time:")}


REFUSED = [
    (["baseline_strat=2021-05"], ["did you mean"]),
    (["baseline_start=May"], ["baseline_start: not a month"]),
    (["baseline_start=00123"], ["baseline_start"]),
    (["baseline_end=nan"], ["baseline_end"]),
    (["locked_down=5E1"], ["locked_down: write true or false"]),
    (["district_codes=0123"], ['"0123" is not in codelist districts']),
    (["policy=NO"], ['"NO" is not a policy']),
    (["lead_agency={{ 7*7 }}"], ["lead_agency"]),
    (["sources=x"], ["sources: not a parameter"]),
    (["__class__=x"], ["__class__"]),
    (["folder=x", "polciy=open", "baseline_start=x"], ["folder", "polciy", "baseline_start"]),
    (["data=/nowhere/at/all"], ["no folder all"]),
    (["novalue"], ["write key=value"]),
]


@pytest.mark.parametrize(("settings", "told"), REFUSED, ids=lambda value: str(value)[:40])
def test_nasty_parameters_are_refused(profile, settings, told):
    before = sorted(path.name for path in profile.iterdir())
    ran, seconds = run(profile, *settings)
    assert ran.returncode in (10, 12), message(ran)
    assert all(words in message(ran) for words in told), message(ran)
    if seconds >= 1.0:  # the machine may have been busy with another test: once more
        _, seconds = run(profile, *settings)
    assert seconds < 1.0 and not {"nbformat", "papermill", "pandas"} & imported(ran)
    assert sorted(path.name for path in profile.iterdir()) == before


def test_an_unknown_stage_is_refused(profile):
    ran, _ = run(profile, stage=["scam"])
    assert ran.returncode == 10 and 'did you mean "scan"' in message(ran) and not (profile / "runs").exists()


@pytest.mark.parametrize("spoil", ["missing", "twice", "not-str", "not-python", "no-json", "no-file", "lacks-one"])
def test_a_notebook_without_good_parameters_is_refused(profile, spoil):
    path = profile / "02_analyse.ipynb"
    notebook = json.loads(path.read_text("utf-8"))
    cell = next(cell for cell in notebook["cells"] if "parameters" in cell["metadata"].get("tags", []))
    if spoil == "missing":
        cell["metadata"] = {}
    elif spoil == "twice":
        notebook["cells"].append({**cell, "id": "again"})
    elif spoil == "not-str":
        cell["source"] = "title: int = 3"
    elif spoil == "not-python":
        cell["source"] = "title: str = "
    elif spoil == "lacks-one":
        cell["source"] = 'slug: str = ""'
    path.write_text("{" if spoil == "no-json" else json.dumps(notebook), "utf-8")
    if spoil == "no-file":
        path.unlink()
    ran, seconds = run(profile, "title=x")
    assert ran.returncode == 10 and "02_analyse.ipynb" in message(ran), message(ran)
    assert seconds < 1.0 and not (profile / "runs").exists()


def test_an_environment_parameter_is_checked_like_any_other(profile):
    ran, _ = run(profile, environment={"PROBLEMSOLVING_POLICY": "nope"})
    assert ran.returncode == 10 and "policy" in message(ran) and not (profile / "runs").exists()


def test_a_missing_sharing_record_is_told_before_a_kernel_starts(profile):
    (profile / "sharing/incidents.yml").unlink()
    ran, _ = run(profile)
    assert ran.returncode == 13 and "incidents.yml: missing" in message(ran) and not (profile / "runs").exists()
