"""Many Poisson models at once: one a small area, a resample or a place left out, in a few array operations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats

from problemsolving.stats.counts import CountModel

Floats = NDArray[np.float64]

MAX_STEPS = (
    25  # Newton's method needs 5 to 12; a coefficient that runs away is then at exp(-25), still well conditioned
)
FEW, SAME, NONE, AWAY = (
    "fewer rows than coefficients",
    "its drivers determine each other",
    "no events",
    "no convergence: some drivers have no events at all, so that a coefficient runs away",
)


@dataclass(frozen=True, kw_only=True)
class CountModels:
    """Many fitted Poisson models: one row a model, in the order they were given.

    ``models`` has ``n``, ``residual_df``, ``dispersion``, ``log_likelihood``, ``converged``, ``steps`` and ``reason``
    (why a model has no numbers; empty where it has). Coefficients are on the log scale.
    """

    coefficients: pd.DataFrame  # models × coefficients
    standard_errors: pd.DataFrame
    covariances: Floats  # models × coefficients × coefficients
    models: pd.DataFrame
    errors: Literal["robust", "model", "quasi"]

    def ratios(self, *, confidence_level: float = 0.95) -> pd.DataFrame:
        """Give ``model``, ``driver``, ``ratio``, ``low``, ``high``: t intervals on each model's residual freedom."""
        estimates, errors = self.coefficients.to_numpy(), self.standard_errors.to_numpy()
        freedom = self.models["residual_df"].clip(lower=1).to_numpy()[:, None]
        reach = stats.t.ppf((1 + confidence_level) / 2, freedom) * errors
        labels = self.coefficients.index, self.coefficients.columns
        return pd.DataFrame(
            {
                "model": np.repeat(labels[0], len(labels[1])),
                "driver": np.tile(labels[1], len(labels[0])),
                "ratio": np.exp(estimates).ravel(),
                "low": np.exp(estimates - reach).ravel(),
                "high": np.exp(estimates + reach).ravel(),
            }
        )


def fit_poisson_many(
    outcomes: ArrayLike | pd.DataFrame,
    drivers: Mapping[str, ArrayLike] | pd.DataFrame,
    *,
    exposure: ArrayLike,
    weights: ArrayLike | None = None,
    errors: Literal["robust", "model", "quasi"] = "robust",
) -> CountModels:
    """Fit many separate Poisson models with log-exposure offset in one go.

    Answers: what is the trend, the season, the effect of a driver in each of hundreds of places?

    Parameters
    ----------
    outcomes : array_like or pandas.DataFrame, shape (models, n)
        Counts, 0 or more, one row a model (of shape (n,): the same counts in each). A missing count leaves its row
        out of that model. The index of a frame labels the models.
    drivers : mapping of str to array_like, shape (n,) or (models, n)
        One entry a driver, without the constant: the same for all models, or one row a model.
    exposure : array_like, scalar, shape (n,) or (models, n)
        Person-years or days, above 0.
    weights : array_like, shape (n,) or (models, n), optional
        How often each row counts, 0 or more: 0 leaves it out, 2 is as if it stood there twice.
    errors : {"robust", "model", "quasi"}
        As `fit_poisson`.

    Returns
    -------
    CountModels
        The numbers that `fit_poisson` gives one by one. A model that cannot be fitted has missing numbers and a reason.

    Raises
    ------
    ValueError
        For a negative or infinite count, an exposure of 0 or less, a negative weight, a missing driver, or shapes that
        do not fit.

    Notes
    -----
    Newton's method on all models at once, columns centred and scaled within; a model leaves when its step is below
    a millionth and the log-likelihood is not to rise by more than 1e-14. A step that would lower it is halved.

    References
    ----------
    McCullagh P, Nelder JA (1989) Generalized linear models, 2nd ed. Chapman and Hall.

    Examples
    --------
    >>> many = fit_poisson_many([[10, 20, 10, 20], [5, 5, 10, 10]], {"late": [0, 0, 1, 1]}, exposure=1)
    >>> many.ratios().query("driver == 'late'")["ratio"].round(6).tolist()  # 30 / 30 and 20 / 10
    [1.0, 2.0]
    """
    job = _Job.of(outcomes, drivers, exposure, weights)
    reasons, place, scale = job.standardise()
    beta, steps, done = job.climb(np.flatnonzero(reasons == ""))
    reasons[(reasons == "") & ~done] = AWAY
    spread, figures = job.spread(beta, np.flatnonzero(done), errors)
    coefficients, covariances = _unscale(beta, spread, place, scale)
    good = (reasons == "")[:, None]
    labels = outcomes.index if isinstance(outcomes, pd.DataFrame) else pd.RangeIndex(len(job.counts))
    return CountModels(
        coefficients=pd.DataFrame(np.where(good, coefficients, np.nan), index=labels, columns=job.names),
        standard_errors=pd.DataFrame(
            np.where(good, np.sqrt(np.abs(np.diagonal(covariances, axis1=1, axis2=2))), np.nan),
            index=labels,
            columns=job.names,
        ),
        covariances=np.where(good[:, :, None], covariances, np.nan),
        models=figures.set_axis(labels).assign(converged=good[:, 0], steps=steps, reason=reasons),
        errors=errors,
    )


@dataclass
class _Job:
    """Arrays of all models: counts, offset and weights (models × n), design (n × k, or models × n × k)."""

    counts: Floats
    offset: Floats
    weights: Floats
    design: Floats
    names: list[str]

    @classmethod
    def of(
        cls,
        outcomes: ArrayLike | pd.DataFrame,
        drivers: Mapping[str, ArrayLike] | pd.DataFrame,
        exposure: ArrayLike,
        weights: ArrayLike | None,
    ) -> _Job:
        """Check and lay out what the caller gave."""
        columns = {str(name): np.asarray(values, float) for name, values in dict(drivers).items()}
        counts, time_at_risk = np.atleast_2d(np.asarray(outcomes, float)), np.asarray(exposure, float)
        often = np.ones(1) if weights is None else np.asarray(weights, float)
        try:
            shape = np.broadcast_shapes(
                counts.shape, time_at_risk.shape, often.shape, *(c.shape for c in columns.values())
            )
        except ValueError:
            raise ValueError(
                "outcomes, drivers, exposure and weights differ in their number of rows or models"
            ) from None
        if len(shape) != 2:
            raise ValueError("outcomes must have the shape (models, n), drivers and exposure (n,) or (models, n)")
        if not all(np.isfinite(values).all() for values in columns.values()):
            raise ValueError("drivers must be finite numbers; leave out rows with a missing one")
        if (counts < 0).any() or np.isinf(counts).any():
            raise ValueError("counts must be finite and 0 or more")
        if not (time_at_risk > 0).all() or not np.isfinite(time_at_risk).all():
            raise ValueError("exposure must be finite and above 0")
        if not (often >= 0).all() or not np.isfinite(often).all():
            raise ValueError("weights must be finite and 0 or more")
        alone = any(values.ndim == 2 and len(values) > 1 for values in columns.values())
        layout = shape if alone else shape[1:]
        design = np.stack(
            [np.ones(layout), *(np.broadcast_to(c if alone else np.atleast_2d(c)[0], layout) for c in columns.values())], axis=-1
        )  # fmt: skip
        known = np.broadcast_to(~np.isnan(counts), shape)
        return cls(
            counts=np.where(known, np.broadcast_to(counts, shape), 0.0),
            offset=np.broadcast_to(np.log(time_at_risk), shape),
            weights=np.where(known, np.broadcast_to(often, shape), 0.0),
            design=design,
            names=["constant", *columns],
        )

    def standardise(self) -> tuple[np.ndarray, Floats, Floats]:
        """Centre and scale the drivers; give why a model cannot be fitted (or nothing), and place and scale."""
        place, scale = self.design.mean(axis=-2), self.design.std(axis=-2)
        place[..., 0], scale[..., 0] = 0.0, 1.0
        scale = np.where(scale > 1e-12 * (1 + np.abs(place)), scale, 1.0)
        self.design = (self.design - place[..., None, :]) / scale[..., None, :]
        present = (self.weights > 0).astype(float)
        values = np.linalg.eigvalsh(self._gram(present, slice(None)))
        reasons = np.full(len(self.counts), "", dtype=object)
        reasons[(self.weights * self.counts).sum(axis=1) == 0] = NONE
        reasons[values[:, 0] <= 1e-12 * values[:, -1]] = SAME
        reasons[present.sum(axis=1) <= len(self.names)] = FEW
        return reasons, place, scale

    def _rows(self, models: np.ndarray | slice) -> Floats:
        return self.design if self.design.ndim == 2 else self.design[models]

    def _gram(self, weights: Floats, models: np.ndarray | slice) -> Floats:
        """Give the sum over rows of weight × x × x' for each model."""
        x = self._rows(models)
        if x.ndim == 2:
            return (weights @ self._products()).reshape(-1, x.shape[1], x.shape[1])
        return np.swapaxes(x, 1, 2) @ (x * weights[:, :, None])

    def _products(self) -> Floats:
        """Give x × x' of each row of a design that all models share, laid flat."""
        return (self.design[:, :, None] * self.design[:, None, :]).reshape(len(self.design), -1)

    def _quadratic(self, matrices: np.ndarray, models: np.ndarray) -> np.ndarray:
        """Give x' × matrix × x of each model and row."""
        x = self._rows(models)
        if x.ndim == 2:
            return matrices.reshape(len(matrices), x.shape[1] ** 2) @ self._products().T
        return ((x @ matrices) * x).sum(axis=2)

    def _linear(self, beta: Floats, models: np.ndarray) -> Floats:
        x = self._rows(models)
        product = beta @ x.T if x.ndim == 2 else (x @ beta[:, :, None])[:, :, 0]
        return np.minimum(product + self.offset[models], 600.0)

    def _sums(self, values: Floats, models: np.ndarray) -> Floats:
        x = self._rows(models)
        return values @ x if x.ndim == 2 else (values[:, None, :] @ x)[:, 0, :]

    def _lack(self, linear: Floats, models: np.ndarray) -> Floats:
        """Minus the log-likelihood, without what does not depend on the coefficients."""
        return (self.weights[models] * (np.exp(linear) - self.counts[models] * linear)).sum(axis=1)

    def _start(self, models: np.ndarray) -> Floats:
        """Give the least-squares fit to the log of counts that were moved half-way to their mean."""
        weights, counts, offset = self.weights[models], self.counts[models], self.offset[models]
        rate = (weights * counts).sum(axis=1) / (weights * np.exp(offset)).sum(axis=1)
        usual = rate[:, None] * np.exp(offset)
        mean = (counts + usual) / 2
        working = np.log(mean) - offset + (counts - mean) / mean
        return _solve(self._gram(weights * mean, models), self._sums(weights * mean * working, models))

    def climb(self, models: np.ndarray) -> tuple[Floats, np.ndarray, np.ndarray]:
        """Fit the models by Newton's method; give coefficients, steps taken and whether each arrived."""
        beta = np.zeros((len(self.counts), len(self.names)))
        steps, done = np.zeros(len(self.counts), int), np.zeros(len(self.counts), bool)
        if not len(models):
            return beta, steps, done
        beta[models] = self._start(models)
        lack = np.full(len(self.counts), np.inf)
        lack[models] = self._lack(self._linear(beta[models], models), models)
        for _ in range(MAX_STEPS):
            mean = np.exp(self._linear(beta[models], models))
            slope = self._sums(self.weights[models] * (self.counts[models] - mean), models)
            step = _solve(self._gram(self.weights[models] * mean, models), slope)
            for _ in range(20):
                new = self._lack(self._linear(beta[models] + step, models), models)
                worse = ~(new <= lack[models] + 1e-9 * (1 + np.abs(lack[models])))
                if not worse.any():
                    break
                step[worse] /= 2
            beta[models] += step
            lack[models], steps[models] = new, steps[models] + 1
            there = ((step * slope).sum(axis=1) < 1e-14) & (np.abs(step).max(axis=1) < 1e-6)
            done[models[there]] = True
            models = models[~there]
            if not len(models):
                break
        return beta, steps, done

    def spread(
        self, beta: Floats, models: np.ndarray, errors: Literal["robust", "model", "quasi"]
    ) -> tuple[Floats, pd.DataFrame]:
        """Give the covariance of each model's coefficients, and its figures."""
        k = len(self.names)
        covariances = np.full((len(self.counts), k, k), np.nan)
        n = self.weights.sum(axis=1)
        figures = pd.DataFrame({"n": n, "residual_df": n - k, "dispersion": np.nan, "log_likelihood": np.nan})
        weights, counts, linear = self.weights[models], self.counts[models], self._linear(beta[models], models)
        mean = np.exp(linear)
        bread = np.linalg.inv(self._gram(weights * mean, models)) if len(models) else covariances[models]
        freedom = np.where(n > k, n - k, np.nan)[models]
        dispersion = (weights * (counts - mean) ** 2 / mean).sum(axis=1) / freedom
        covariances[models] = bread * dispersion[:, None, None] if errors == "quasi" else bread
        if errors == "robust":
            leverage = np.minimum(mean * self._quadratic(bread, models), 1 - 1e-9)
            scores = weights * ((counts - mean) / (1 - leverage)) ** 2
            covariances[models] = bread @ self._gram(scores, models) @ bread
        figures.loc[models, "dispersion"] = dispersion
        likelihood = weights * (counts * linear - mean - special.gammaln(counts + 1))
        figures.loc[models, "log_likelihood"] = likelihood.sum(axis=1)
        return covariances, figures


def _solve(matrices: Floats, vectors: Floats) -> np.ndarray:
    """Solve one system a model; a singular one by its pseudo-inverse."""
    try:
        solved = np.linalg.solve(matrices, vectors[:, :, None])
    except np.linalg.LinAlgError:
        solved = np.linalg.pinv(matrices, hermitian=True) @ vectors[:, :, None]
    return solved[:, :, 0]


def _unscale(beta: Floats, spread: Floats, place: Floats, scale: Floats) -> tuple[Floats, Floats]:
    """Give coefficients and covariances in the drivers' own units."""
    k = beta.shape[1]
    turn = np.zeros((*place.shape[:-1], k, k))
    turn[..., range(k), range(k)] = 1 / scale
    turn[..., 0, 1:] = -(place / scale)[..., 1:]
    return (turn @ beta[:, :, None])[:, :, 0], turn @ spread @ np.swapaxes(turn, -1, -2)


def cluster_jackknife(
    outcome: ArrayLike, drivers: pd.DataFrame, *, exposure: ArrayLike, clusters: ArrayLike, model: CountModel
) -> np.ndarray:
    """Covariance of a Poisson model's coefficients when rows of one cluster depend on each other.

    Parameters
    ----------
    outcome, drivers, exposure
        What the model was fitted to, as in `fit_poisson`.
    clusters : array_like, shape (n,)
        Label of each row's cluster, for example its district.
    model : CountModel
        The fitted model.

    Returns
    -------
    ndarray, shape (coefficients, coefficients)
        (G - 1) / G × the sum over clusters of the squared change when one is left out (G clusters), for t intervals
        on G - 1 degrees of freedom.

    Raises
    ------
    ValueError
        When the model cannot be fitted without one of the clusters.

    References
    ----------
    MacKinnon JG, Nielsen MØ, Webb MD (2023) Fast and reliable jackknife and bootstrap methods for cluster-robust
    inference. J Appl Econometrics 38:671. doi:10.1002/jae.2969
    """
    codes, _ = pd.factorize(pd.Series(np.asarray(clusters)))
    groups = codes.max() + 1
    kept = (codes[None, :] != np.arange(groups)[:, None]).astype(float)
    without = fit_poisson_many(outcome, drivers, exposure=exposure, weights=kept, errors="model")
    if not without.models["converged"].all():
        raise ValueError(
            "clusters: the model cannot be fitted without one of them; join clusters or leave out a driver"
        )
    moved = without.coefficients.to_numpy() - model.coefficients.to_numpy()
    return moved.T @ moved * (groups - 1) / groups
