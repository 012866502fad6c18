"""Structures of the tests, typed in by hand so that a test fails for one reason only."""

from __future__ import annotations

from xtal import Lattice, Site, SpaceGroup, Structure


def _structure(name, cell, symbol, sites):
    return Structure(name, Lattice(*cell), SpaceGroup.from_symbol(symbol), tuple(sites), source="typed in for tests")


def lab6():
    """SRM 660c cell at 22.5 °C (certificate), boron position of a single crystal."""
    return _structure("lab6", (4.156826,) * 3, "P m -3 m", [
        Site("La", "La", (0, 0, 0), u_iso=0.0046), Site("B", "B", (0.1996, 0.5, 0.5), u_iso=0.0035)])  # fmt: skip


def silicon():
    """SRM 640d."""
    return _structure("si", (5.43123,) * 3, "F d -3 m:1", [Site("Si", "Si", (0, 0, 0), u_iso=0.0058)])


def corundum():
    """SRM 676a."""
    return _structure("al2o3", (4.759355, 4.759355, 12.99231, 90, 90, 120), "R -3 c:H", [
        Site("Al", "Al", (0, 0, 0.35216), u_aniso=(0.0033, 0.0033, 0.0035, 0.00165, 0, 0)),
        Site("O", "O", (0.30625, 0, 0.25), u_iso=0.0043)])  # fmt: skip


def fluorite():
    return _structure("caf2", (5.4631,) * 3, "F m -3 m", [
        Site("Ca", "Ca", (0, 0, 0), u_iso=0.006, charge=2), Site("F", "F", (0.25,) * 3, u_iso=0.009, charge=-1)])  # fmt: skip


def zincite():
    return _structure("zno", (3.24982, 3.24982, 5.20661, 90, 90, 120), "P 63 m c", [
        Site("Zn", "Zn", (1 / 3, 2 / 3, 0), u_iso=0.008), Site("O", "O", (1 / 3, 2 / 3, 0.3821), u_iso=0.0085)])  # fmt: skip


def li2ohcl_cubic():
    return _structure("cubic", (3.911,) * 3, "P m -3 m", [
        Site("O", "O", (0, 0, 0), u_iso=0.02), Site("Cl", "Cl", (0.5,) * 3, u_iso=0.02),
        Site("Li", "Li", (0.5, 0, 0), 2 / 3, u_iso=0.04),
        Site("H1", "H", (0.2455, 0, 0), 1 / 18, u_iso=0.05), Site("H2", "H", (0, 0.1736, 0.1736), 1 / 18, u_iso=0.05)])  # fmt: skip


def li2ohcl_orthorhombic():
    return _structure("orthorhombic", (3.83, 3.87, 8.0), "P m c 21", [
        Site("O", "O", (0, 0, 0), u_iso=0.02), Site("Cl", "Cl", (0.5, 0.5, 0.25), u_iso=0.02),
        Site("Li1", "Li", (0, 0, 0.25), u_iso=0.03), Site("Li2", "Li", (0.5, 0, 0), u_iso=0.03),
        Site("H", "H", (0, 0.25, 0), u_iso=0.05)])  # fmt: skip


def llto():
    return _structure("llto", (3.8727, 3.8727, 7.751), "P 4/m m m", [
        Site("Ti", "Ti", (0.5, 0.5, 0.2569), u_iso=0.005), Site("La1", "La", (0, 0, 0.5), 0.314, u_iso=0.008),
        Site("La2", "La", (0, 0, 0), 0.819, u_iso=0.008), Site("O1", "O", (0, 0.5, 0.2325), u_iso=0.012),
        Site("O2", "O", (0.5, 0.5, 0.5), u_iso=0.012), Site("O3", "O", (0.5, 0.5, 0), u_iso=0.012)])  # fmt: skip


def llzo():
    """Mo-stabilised LLZO, DOI 10.1021/acs.inorgchem.5b01895."""
    return _structure("llzo", (12.9556,) * 3, "I a -3 d", [
        Site("Li1", "Li", (0, 0.25, 0.375), 0.5, u_iso=0.02), Site("Li2", "Li", (0.0671, 0.1504, 0.833333), 0.362, u_iso=0.02),
        Site("La", "La", (0, 0.25, 0.125), u_iso=0.008), Site("Zr", "Zr", (0, 0, 0), 0.8714, u_iso=0.007),
        Site("Mo", "Mo", (0, 0, 0), 0.1286, u_iso=0.007), Site("O", "O", (0.03125, 0.44557, 0.1489), u_iso=0.01)])  # fmt: skip


STANDARDS = {"lab6": lab6, "si": silicon, "al2o3": corundum, "caf2": fluorite, "zno": zincite}
PELLET = {"cubic": li2ohcl_cubic, "orthorhombic": li2ohcl_orthorhombic, "llto": llto}
