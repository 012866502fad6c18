"""Le Bail and Pawley on measured patterns: no worse than the structures, and the certified cells."""

from __future__ import annotations

from dataclasses import replace

import pytest
from validation_cases import MEASURED, build_job

from xtal.engines.task import engine_task
from xtal.job.extraction import without_structures
from xtal.native import refine_task


@pytest.mark.parametrize("name", ["SRM 660c", "fluorapatite", "CPD 1g"])
def test_extraction_fits_no_worse_than_structures_and_finds_the_known_cell(name, shared_data, tmp_path):
    case = next(case for case in MEASURED if case.name == name)
    job = build_job(case, "native", shared_data, tmp_path)
    structural = refine_task(engine_task(job, str(tmp_path)), lambda event: None)
    parameters, ties, stages = without_structures(job.parameters, job.ties, job.stages, "test")
    for mode in ("lebail", "pawley"):
        extracting = replace(job, mode=mode, parameters=parameters, ties=ties, stages=stages)
        outcome = refine_task(engine_task(extracting, str(tmp_path)), lambda event: None)
        assert outcome["converged"], mode
        assert outcome["agreement"]["rwp"] <= structural["agreement"]["rwp"], mode
        for known in case.known:
            if known.unit == "ppm":
                axis, phase = known.label.rstrip(")").split("(")
                found = outcome["derived_cells"][phase][axis]
                assert abs(found / known.answer - 1) * 1e6 < known.tolerance, (mode, known.label)
        for phase, cell in structural["derived_cells"].items():
            for axis in "ac":
                row, own = outcome["parameters"].get(f"phase.{phase}.cell.{axis}"), structural["parameters"]
                if row is not None and row["esd"]:
                    # the same data, so that the two differ by less than the esds of either, times the serial correlation
                    assert abs(row["value"] - cell[axis]) < 3 * (row["esd"] + own[f"phase.{phase}.cell.{axis}"]["esd"])
