r"""Covariance that a pattern would give before it is measured: the inverse of Fisher's information.

For counts :math:`y_i` with :math:`\sigma_i^2 = y_i` the information matrix is :math:`N = J^T \mathrm{diag}(1/y) J` with the derivatives J of the
calculated pattern by the parameters; :math:`N^{-1}` is what least squares would give as covariance for a model that is right (GOF 1).
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...engines.task import engine_task
from ...errors import EngineUnsupportedError, InputError
from ...job import Job, Stage
from ...native.joint_model import model_of
from ...native.parameters import Parameters, slope_of
from ...native.refinement import refine_task
from ...native.refusals import NativeError
from ..covariance import Covariance

__all__ = ["expected_covariance"]

FloatArray = NDArray[np.float64]

_SINGULAR = 1e-13
_FITS_WITHIN = 0.01


def expected_covariance(job: Job) -> Covariance:
    """Covariance that a fit of the job would have; its pattern is the noise-free one of its start values.

    Only scales and background are fitted to it first. A parameter that the pattern doesn't determine has an infinite variance.

    Parameters
    ----------
    job : Job
        With one stage, whose free parameters are meant.

    Raises
    ------
    EngineUnsupportedError
        The native engine can't express the job.
    InputError
        The simulated pattern is not what the model gives.
    """
    try:
        with tempfile.TemporaryDirectory() as folder:
            return _covariance(job, folder)
    except NativeError as error:
        kind = EngineUnsupportedError if error.kind == "unsupported" else InputError
        raise kind(str(error)) from error


def _covariance(job: Job, folder: str) -> Covariance:
    free = job.stages[0].free
    linear = tuple(name for name in free if name.endswith(".scale") or ".background." in name)
    task = engine_task(replace(job, stages=(Stage("scales", "", linear, 20),)), folder)
    outcome = refine_task(task, lambda event: None)
    if outcome["agreement"]["rwp"] > _FITS_WITHIN:
        raise InputError(f"the model misses its own simulation by Rwp {100 * outcome['agreement']['rwp']:.1f} %;",
                         remedy="leave out what the simulation has no part for (anisotropic widths, harmonics, extra peaks).")  # fmt: skip
    for name, row in outcome["parameters"].items():
        task["parameters"][name]["value"] = row["value"]
    task["stages"] = [{"name": "all", "free": list(free), "max_cycles": 1}]
    return _inverse(*_information(task, free), job)


def _information(task: Mapping[str, Any], free: tuple[str, ...]) -> tuple[tuple[str, ...], FloatArray]:
    """Information matrix of the free parameters in the job's units."""
    model, parameters = model_of(dict(task)), Parameters(dict(task))
    model.list_reflections(parameters.values)
    moving, reduction = parameters.moving(free)
    jacobian = model.evaluate(parameters.values, moving, reduction).jacobian
    slopes = np.array([slope_of(name, parameters.values[name]) for name in free])
    scaled = jacobian / np.where(slopes == 0, 1.0, slopes)[:, None] / model.sigma
    return free, scaled @ scaled.T


def _inverse(names: tuple[str, ...], information: FloatArray, job: Job) -> Covariance:
    root = np.sqrt(np.diag(information))
    silent = root <= 0
    safe = np.where(silent, 1.0, root)
    values, vectors = np.linalg.eigh(information / np.outer(safe, safe))
    good = values > _SINGULAR * values[-1]
    inverse = (vectors[:, good] / values[good]) @ vectors[:, good].T / np.outer(safe, safe)
    lost = silent | (np.sum(vectors[:, ~good] ** 2, axis=1) > 1e-6)
    inverse[lost, lost] = np.inf
    kept = [index for index, name in enumerate(names) if np.isfinite(inverse[index, index])]
    return Covariance(tuple(names[i] for i in kept), inverse[np.ix_(kept, kept)], job.ties)
