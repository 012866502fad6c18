"""The long runs of a series: synthetic heating (200 frames) and doping against their truths, and the measured olivine series.

``python tools/series_runs.py heating|potassium|fluorine FOLDER`` and ``python tools/series_runs.py olivine FOLDER DATA``, where DATA
is the folder of measured data; ``--engine NAME`` replaces rietx. Each prints one line of JSON; a second call on the same folder goes on where the first ended.
"""

from __future__ import annotations

import argparse
import json
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from xtal.io.series_files import read_series_file
from xtal.series.findings import Findings, analyse
from xtal.series.run import RunOptions, run_series
from xtal.series.series import Series
from xtal.synthetic_doping import POTASSIUM_SLOPE, write_fluorine_series, write_potassium_series
from xtal.synthetic_series import HeatingRun, synthetic_heating, write_heating

__all__ = ["check_heating", "run_fluorine", "run_heating", "run_olivine", "run_potassium"]

WORKERS = 2
ABOVE = 6.0
"""Degrees above the transition from which no orthorhombic phase may be found."""

CIF = """data_co2sio4
_cell_length_a 10.31
_cell_length_b 6.00
_cell_length_c 4.79
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_space_group_name_H-M_alt 'P n m a'
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
_atom_site_occupancy
_atom_site_U_iso_or_equiv
Co1 Co2+ 0 0 0 1 0.006
Co2 Co2+ 0.279 0.25 0.985 1 0.006
Si Si4+ 0.094 0.25 0.429 1 0.005
O1 O2- 0.091 0.25 0.771 1 0.007
O2 O2- 0.448 0.25 0.217 1 0.007
O3 O2- 0.164 0.032 0.28 1 0.007
"""
JOB = """
title = "Co2SiO4, D20, 1.87 Å"
[pattern]
range = [8.0, 150.0]
[pattern.instrument]
base = "co2sio4.toml"
[background]
terms = 6
[[phase]]
name = "co2sio4"
structure = "co2sio4.cif"
[[stage]]
name = "scale and background"
free = ["phase.*.scale", "pattern.background"]
[[stage]]
name = "cell and zero"
free = ["phase.*.cell", "pattern.zero"]
[[stage]]
name = "profile"
free = ["pattern.profile.u", "pattern.profile.v", "pattern.profile.w", "pattern.profile.y"]
max_cycles = 40
[[stage]]
name = "structure"
free = ["phase.*.site.*.x", "phase.*.site.*.y", "phase.*.site.*.z", "phase.*.site.*.u_iso"]
max_cycles = 40
"""
SERIES = """
schema = "xtal-series/1"
title = "Co2SiO4 olivine, D20"
job = "job.toml"
[patterns]
glob = "frames/*.dat"
order = "axis"
[axis]
name = "temperature"
unit = "K"
from = "header"
pattern = 'TEMP\\s+[0-9.]+\\s+[0-9.]+\\s+([0-9.]+)'
[run]
timeout = 120
"""


def run_heating(folder: Path, engine: str | None = None, n_frames: int = 200) -> dict[str, Any]:
    """Refine the synthetic heating run and compare it with its truth."""
    if not (folder / "series.toml").exists():
        write_heating(folder, n_frames)
    seconds = _run(folder, engine)
    truths = [truth for _, truth in synthetic_heating(n_frames, two_theta=(40.0, 60.0, 0.5))]
    with Series(folder / "out") as series:
        return {"seconds": seconds, **check_heating(series, truths)}


def run_potassium(folder: Path, engine: str | None = None) -> dict[str, Any]:
    """Study B: the slope of a against x, its truth, and the occupancy that the O site gets where K is not in the model."""
    truths = write_potassium_series(folder)
    seconds = _run(folder, engine)
    with Series(folder / "out") as series:
        table, findings = series.table(), analyse(series)
        slope = next(one.trend for one in findings.trends if one.quantity == "phase.cubic.cell.a")
        off = (table["phase.cubic.cell.a"] - [one["a"] for one in truths]) / table["phase.cubic.cell.a.esd"]
        return {
            "seconds": seconds, "frames": len(table), "status": table["status"].value_counts().to_dict(),
            "slope": [slope.slope, slope.slope_esd], "true_slope": POTASSIUM_SLOPE, "chi2_red": slope.chi2_red,
            "largest_error_of_a_in_esds": float(np.abs(off).max()),
            "occupancy_of_o": table["phase.cubic.site.O1.occupancy"].round(4).tolist(), "alarms": len(findings.alarms),
        }  # fmt: skip


def run_fluorine(folder: Path, engine: str | None = None) -> dict[str, Any]:
    """Study A: cubic shares against their truths, and the correlation of conductivity with the lattice parameter."""
    truths = write_fluorine_series(folder)
    seconds = _run(folder, engine)
    with Series(folder / "out") as series:
        table, findings = series.table(), analyse(series)
        names = [
            "phase.cubic.group_share",
            "phase.cubic.group_share.esd",
            "phase.cubic.cell.a",
            "phase.cubic.cell.a.esd",
        ]
        correlation = findings.correlations["log10 conductivity against phase.cubic.cell.a"]
        return {
            "seconds": seconds, "frames": len(table), "status": table["status"].value_counts().to_dict(),
            "found": table[["composition", *names]].round(5).to_numpy().tolist(),
            "truths": [[one["x"], one["share"], one["a"]] for one in truths],
            "pearson": correlation.pearson, "spearman": correlation.spearman, "alarms": len(findings.alarms),
        }  # fmt: skip


def check_heating(series: Series, truths: list[dict[str, Any]]) -> dict[str, Any]:
    """What the issue asks of the synthetic run: transitions, hysteresis, cells, false phases; errors in °C and parts of frames."""
    run, findings, table = HeatingRun(), analyse(series, alarms=False), series.table()
    found: dict[str, Any] = {"frames": len(series), "failed": int((table["status"] != "converged").sum())}
    for one in findings.transitions:
        if one.up is not None and one.down is not None and one.hysteresis is not None:
            found[one.evidence] = {
                "heating": one.up.position, "cooling": one.down.position, "hysteresis": one.hysteresis.value,
                "esds": [one.up.position_esd, one.down.position_esd], "widths": [one.up.width, one.down.width],
            }  # fmt: skip
    found["cells_within_3_esd"] = _within(table, truths)
    share, esd = table["phase.orthorhombic.group_share"], table["phase.orthorhombic.group_share.esd"]
    past = [t["temperature"] > (run.heating if t["is_heating"] else run.cooling) + ABOVE for t in truths]
    above = np.array(past)
    false = (share > 3 * esd.fillna(np.inf)) & above
    found["false_orthorhombic"] = {"frames_above": int(sum(above)), "over_3_esd": int(false.sum()),
                                   "set_free": int((~table["phase.orthorhombic.held"].astype(bool) & above).sum()),
                                   "largest_share": float(share[above].max())}  # fmt: skip
    return found


def _within(table: Any, truths: list[dict[str, Any]]) -> dict[str, float]:
    """Part of the frames whose cell lies within three esds of the truth, by parameter, where the phase was refined."""
    parts = {}
    for phase, names in {"cubic": "a", "orthorhombic": "abc", "holder": "a"}.items():
        for name in names:
            column = table[f"phase.{phase}.cell.{name}"]
            true = np.array([t["cells"].get(phase, [np.nan] * 3)["abc".index(name)] for t in truths])
            off = np.abs(column - true) / table[f"phase.{phase}.cell.{name}.esd"]
            known = off[np.isfinite(off)]
            parts[f"{phase}.{name}"] = round(float((known < 3).mean()), 4) if len(known) else np.nan
    return parts


def run_olivine(folder: Path, data: Path, engine: str | None = None) -> dict[str, Any]:
    """Refine the 46 neutron patterns of Co2SiO4: convergence, smoothness of the cell, change points."""
    write_olivine(folder, data)
    seconds = _run(folder, engine)
    with Series(folder / "out") as series:
        table, findings = series.table(), analyse(series)
        hot = table[table["temperature"] > 60]
        rough = {name: _roughness(hot, f"phase.co2sio4.cell.{name}") for name in "abc"}
        return {
            "seconds": seconds, "frames": len(table), "status": table["status"].value_counts().to_dict(),
            "rwp": [float(table["rwp"].min()), float(table["rwp"].max())],
            "temperature": [float(table["temperature"].min()), float(table["temperature"].max())],
            "cell": {name: [float(hot[f"phase.co2sio4.cell.{name}"].iloc[i]) for i in (0, -1)] for name in "abc"},
            "roughness_in_esds": rough, "changes": _changes(findings),
            "alarms": [(round(one.two_theta, 2), one.strength) for one in findings.alarms],
        }  # fmt: skip


def write_olivine(folder: Path, data: Path) -> None:
    """Frames, instrument, structure, job and series file of the olivine series."""
    from xtal import Instrument, Profile, Radiation
    from xtal.io.instruments import write_instrument

    (folder / "frames").mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(data / "seq_co2sio4_d20" / "ed-26.zip") as archive:
        archive.extractall(folder / "frames")
    profile = Profile(u=0.02, v=-0.04, w=0.04, x=0.0, y=0.02, axial=0.02)
    instrument = Instrument("d20", Radiation.from_name("neutron:1.87A"), "debye-scherrer", profile)
    write_instrument(instrument, folder / "co2sio4.toml")
    for name, text in (("co2sio4.cif", CIF), ("job.toml", JOB), ("series.toml", SERIES)):
        (folder / name).write_text(text, encoding="utf-8")


def _roughness(table: Any, name: str) -> float:
    """Scatter about a cubic polynomial of temperature, in esds."""
    x, y, esd = (table[column].to_numpy(float) for column in ("temperature", name, f"{name}.esd"))
    rest = y - np.polyval(np.polyfit((x - x.mean()) / 100, y, 3, w=1 / esd), (x - x.mean()) / 100)
    return float(np.sqrt(np.mean((rest / esd) ** 2)))


def _changes(findings: Findings) -> dict[str, list[float]]:
    return {name: [point.position for point in points] for name, points in findings.changes.items()}


def _run(folder: Path, engine: str | None) -> float:
    start = time.perf_counter()
    options = RunOptions(workers=WORKERS, resume=(folder / "out" / "series.sqlite").exists(), engine=engine)
    run_series(read_series_file(folder / "series.toml"), folder / "out", options)
    return round(time.perf_counter() - start, 2)


def main() -> None:
    """Run what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("heating", "potassium", "fluorine", "olivine"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--engine")
    given = parser.parse_args()
    if given.what == "olivine":
        answer = run_olivine(given.folder, given.data, given.engine)
    else:
        answer = {"heating": run_heating, "potassium": run_potassium, "fluorine": run_fluorine}[given.what](
            given.folder, given.engine
        )
    print(json.dumps(answer, default=str))


if __name__ == "__main__":
    main()
