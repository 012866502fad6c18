"""A peer of bench_series: the olivine series as a GSASIIscriptable script with GSAS-II's own sequential refinement, nothing of xtal.

``INTERPRETER direct_gsas2_series.py FOLDER``, where INTERPRETER can import GSAS-II, reads FOLDER/frames/*.dat and FOLDER/co2sio4.cif,
refines the first frame in stages, then all frames in the order of their temperature, each from the answer of the one before it, and
prints one line of JSON: frames, seconds, median Rwp, how many parameters were free.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
import tempfile
import time
from pathlib import Path

LOW, HIGH = 8.0, 150.0
TERMS = 6
PROFILE = {"U": 200.0, "V": -400.0, "W": 400.0, "X": 0.0, "Y": 2.0, "SH/L": 0.02}
NO_SIZE = 10.0


def read_frames(folder):
    """Temperatures and points in their order; the third number of the TEMP line is that of the sample."""
    frames = []
    for path in sorted(Path(folder).glob("frames/*.dat")):
        text = path.read_text(encoding="latin-1")
        temperature = float(re.search(r"TEMP\s+\S+\s+\S+\s+(\S+)", text).group(1))
        rows = [line.split() for line in text.splitlines()[6:]]
        kept = [row for row in rows if len(row) == 3 and LOW <= float(row[0]) <= HIGH]
        frames.append((temperature, path.stem, kept))
    return sorted(frames, key=lambda frame: frame[0])


def write_frames(frames, folder):
    """The frames as text that GSAS-II reads, and the instrument; returns their paths."""
    values = {
        "Type": "PNC",
        "Bank": 1.0,
        "Lam": 1.87,
        "Zero": 0.0,
        "Polariz.": 0.0,
        "Azimuth": 0.0,
        "Z": 0.0,
        **PROFILE,
    }
    instrument = Path(folder) / "d20.instprm"
    instrument.write_text(
        "\n".join(["#GSAS-II instrument parameter file", *(f"{name}:{value}" for name, value in values.items())])
        + "\n",
        encoding="utf-8",
    )
    files = []
    for number, (_, stem, rows) in enumerate(frames):
        file = Path(folder) / f"{number:04d}_{stem}.xye"
        file.write_text("".join(f"{x} {y} {s}\n" for x, y, s in rows), encoding="utf-8")
        files.append(file)
    return instrument, files


def run(project, cycles):
    """Refine what is free."""
    project.data["Controls"]["data"]["max cyc"] = cycles
    project.refine()


def refine(folder, scratch):
    """Everything; what to print."""
    from GSASII import GSASIIpath
    from GSASII import GSASIIscriptable as g2  # noqa: N813

    g2.SetPrintLevel("error")
    start = time.perf_counter()
    instrument, files = write_frames(read_frames(folder), scratch)
    project = g2.G2Project(newgpx=str(Path(scratch) / "series.gpx"))
    histograms = [project.add_powder_histogram(str(file), str(instrument), fmthint="xye") for file in files]
    phase = project.add_phase(f"{folder}/co2sio4.cif", phasename="co2sio4", histograms=histograms, fmthint="CIF")
    for histogram in histograms:
        histogram.data["Sample Parameters"]["Type"] = "Debye-Scherrer"
        histogram.data["Sample Parameters"]["Scale"][1] = False
        background = {"type": "chebyschev-1", "no. coeffs": TERMS, "refine": False}
        histogram.set_refinements({"Background": background, "Instrument Parameters": []})
        widths = phase.data["Histograms"][histogram.name]
        widths["Size"][1][0], widths["Mustrain"][1][0] = NO_SIZE, 0.0
    project.data["Controls"]["data"]["min dM/M"] = 1e-5
    project.data["Controls"]["data"].setdefault("parmFrozen", {})
    project.set_Controls("sequential", [histograms[0]])
    project.set_Controls("seqCopy", True)
    for histogram in histograms:
        histogram.set_refinements({"Background": {"refine": True}})
    phase.set_HAP_refinements({"Scale": True})
    run(project, 20)
    # GSAS-II takes the cell of a frame as the strain against that of the phase: three terms, as three axes
    phase.set_HAP_refinements({"HStrain": True})
    for histogram in histograms:
        histogram.set_refinements({"Instrument Parameters": ["Zero"]})
    run(project, 20)
    for histogram in histograms:
        histogram.set_refinements({"Instrument Parameters": ["U", "V", "W", "Y"]})
    run(project, 40)
    phase.set_refinements({"Atoms": {"all": "XU"}})
    run(project, 40)
    # without a start of its own GSAS-II loses the second frame
    project.copyHistParms(histograms[0], histograms[1:], ["b", "i"])
    phase.copyHAPvalues(histograms[0], histograms[1:])
    project.set_Controls("sequential", histograms)
    run(project, 40)
    answers = project.seqref()
    rwp = sorted(answers.data[histogram.name]["Rvals"]["Rwp"] / 100 for histogram in histograms)
    free = [len(answers.data[histogram.name]["varyList"]) for histogram in histograms]
    return {"frames": len(files), "refined": len(rwp), "seconds": time.perf_counter() - start, "rwp": rwp[len(rwp) // 2],
            "n_free": max(free), "version": str(GSASIIpath.GetVersionNumber())}  # fmt: skip


def main(folder):
    """Refine in a scratch folder with everything that GSAS-II prints sent to standard error."""
    folder = str(Path(folder).resolve())
    answer = os.dup(1)
    os.dup2(2, 1)
    with tempfile.TemporaryDirectory() as scratch, contextlib.chdir(scratch):
        result = refine(folder, scratch)
    sys.stdout.flush()
    os.write(answer, (json.dumps(result) + "\n").encode())


if __name__ == "__main__":
    main(sys.argv[1])
