"""Calculated pattern of GSAS-II; run by the interpreter that has it: reads a JSON task on stdin, writes counts as JSON.

Task: ``folder``, ``instrument`` (.instprm), ``range`` (low, high, step), ``phases``: name, cif, cells (phase fraction in unit cells),
size_um, microstrain_ppm.
"""

import contextlib
import json
import sys
from pathlib import Path


def main():
    task = json.load(sys.stdin)
    with contextlib.redirect_stdout(sys.stderr):
        from GSASII import GSASIIscriptable as G2sc

        project = G2sc.G2Project(newgpx=str(Path(task["folder"]) / "peer.gpx"))
        phases = [project.add_phase(p["cif"], phasename=p["name"], fmthint="CIF") for p in task["phases"]]
        histogram = project.add_simulated_powder_histogram(
            "peer", task["instrument"], *task["range"], phases=phases, scale=1.0
        )
        histogram.data["Background"][0] = ["chebyschev-1", False, 1, 0.0]
        histogram.data["Sample Parameters"]["Scale"] = [1.0, False]
        for phase, wanted in zip(phases, task["phases"], strict=True):
            values = phase.getHAPvalues(histogram)
            values["Scale"] = [wanted["cells"], False]
            values["Size"][1][0] = wanted["size_um"]
            values["Mustrain"][1][0] = wanted["microstrain_ppm"]
        project.data["Controls"]["data"]["max cyc"] = 0
        project.do_refinements([{}])
        counts = [float(value) for value in project.histogram(0).getdata("ycalc")]
        x = [float(value) for value in project.histogram(0).getdata("x")]
    json.dump({"x": x, "counts": counts}, sys.stdout)


if __name__ == "__main__":
    main()
