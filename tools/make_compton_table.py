"""Write xtal/diffraction/compton.tsv from xraylib's incoherent scattering functions (run once, in an environment with xraylib)."""

from __future__ import annotations

from pathlib import Path

S = (0.0, 0.005, 0.01, 0.02, 0.03, 0.04, 0.05, 0.07, 0.1, 0.125, 0.15, 0.175, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55,
     0.6, 0.7, 0.8, 0.9, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0, 6.0, 8.0)  # fmt: skip
HEAVIEST = 98
TARGET = Path(__file__).resolve().parent.parent / "xtal" / "diffraction" / "compton.tsv"
HEADER = """# Incoherent scattering function S(x, Z), electrons, of free atoms; x = sin(theta)/lambda in 1/A.
# J. H. Hubbell et al., J. Phys. Chem. Ref. Data 4 (1975) 471, through xraylib {version} (BSD-3-Clause) by tools/make_compton_table.py.
"""


def main() -> None:
    """Write the table."""
    import xraylib

    rows = [["x", *map(str, S)]]
    for number in range(1, HEAVIEST + 1):
        values = [xraylib.SF_Compt(number, s) if s else 0.0 for s in S]
        rows.append([xraylib.AtomicNumberToSymbol(number), *(f"{value:.5g}" for value in values)])
    text = HEADER.format(version=xraylib.__version__) + "\n".join("\t".join(row) for row in rows) + "\n"
    TARGET.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
