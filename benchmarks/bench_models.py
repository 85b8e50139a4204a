"""Poisson models of 300 small areas: fitted together against statsmodels one by one, in one run, alternating."""

import json
import os
import platform
import statistics
import sys
import time
from importlib import metadata
from pathlib import Path

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"  # one thread on both sides, so that a busy machine does not weigh on one alone

import numpy as np  # noqa: E402
import statsmodels.api as sm  # noqa: E402

from problemsolving.stats.count_batches import fit_poisson_many  # noqa: E402

RUNS = 7
AREAS, MONTHS = 300, 60
ERRORS = {"model": {}, "quasi": {"scale": "X2"}, "robust": {}}


def series() -> tuple[np.ndarray, dict[str, np.ndarray], np.ndarray]:
    """Counts of each area and month, trend and two harmonics, days of each month."""
    rng = np.random.default_rng(2025)
    month = np.arange(MONTHS)
    days = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])[month % 12].astype(float)
    drivers = {"trend": month / 12}
    for wave in (1, 2):
        drivers |= {
            f"sin{wave}": np.sin(2 * np.pi * wave * month / 12),
            f"cos{wave}": np.cos(2 * np.pi * wave * month / 12),
        }
    level = np.exp(rng.normal(-2, 0.8, AREAS))[:, None]
    return rng.poisson(level * days * np.exp(0.04 * drivers["trend"] + 0.2 * drivers["sin1"])), drivers, days


def one_by_one(
    counts: np.ndarray, design: np.ndarray, days: np.ndarray, *, errors: str, **options: float
) -> tuple[np.ndarray, np.ndarray]:
    """Fit with statsmodels one by one; HC3 by its definition from the leverages that statsmodels gives."""
    offset, params, spread = np.log(days), [], []
    for row in counts:
        fit = sm.GLM(row, design, family=sm.families.Poisson(), offset=offset).fit(**ERRORS[errors], **options)
        params.append(fit.params)
        if errors == "robust":
            scores = design * (fit.resid_response / (1 - fit.get_hat_matrix_diag()))[:, None]
            turned = scores @ fit.normalized_cov_params
            spread.append(np.sqrt((turned**2).sum(axis=0)))
        else:
            spread.append(fit.bse)
    return np.array(params), np.array(spread)


def main() -> None:
    if os.environ.get("PYTHONDONTWRITEBYTECODE"):
        sys.exit("unset PYTHONDONTWRITEBYTECODE: both sides must be compiled")
    counts, drivers, days = series()
    design = np.column_stack([np.ones(MONTHS), *drivers.values()])
    seconds = {errors: ([], []) for errors in ERRORS}
    apart = {}
    for run in range(RUNS + 1):
        for errors in ERRORS:
            began = time.perf_counter()
            many = fit_poisson_many(counts, drivers, exposure=days, errors=errors)
            middle = time.perf_counter()
            params, bse = one_by_one(counts, design, days, errors=errors)
            ended = time.perf_counter()
            if run:
                seconds[errors][0].append(middle - began)
                seconds[errors][1].append(ended - middle)
            else:
                params, bse = one_by_one(counts, design, days, errors=errors, tol=1e-13)
                errors_apart = np.abs(many.standard_errors.to_numpy() - bse).max()
                apart[errors] = {
                    "coefficients": float(f"{np.abs(many.coefficients.to_numpy() - params).max():.1e}"),
                    "standard_errors": float(f"{errors_apart:.1e}"),
                }
                assert many.models["converged"].all()
    result = {
        "job": f"{AREAS} areas × {MONTHS} months, constant, trend and two harmonics, with standard errors",
        "errors": {
            errors: {
                "together_seconds": round(statistics.median(ours), 4),
                "statsmodels_seconds": round(statistics.median(theirs), 3),
                "times_faster": round(statistics.median(b / a for a, b in zip(ours, theirs, strict=True)), 1),
                "largest_difference": apart[errors],
            }
            for errors, (ours, theirs) in seconds.items()
        },
        "runs": RUNS,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, one thread, Python {platform.python_version()}",
        "versions": {name: metadata.version(name) for name in ("numpy", "statsmodels", "problemsolving")},
    }
    target = Path(__file__).parent / "results" / "models.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
