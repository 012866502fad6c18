"""The parameters of a model: what symmetry leaves free (International Tables A), start values and bounds."""

from __future__ import annotations

import pytest

from xtal.errors import JobError
from xtal.instrument import Instrument
from xtal.io.cif import write_cif
from xtal.io.instruments import write_instrument
from xtal.io.library import reference_structure
from xtal.job import JobPhase, Parameter
from xtal.job.parameters import DEFAULT_U_ISO, adjusted, matching, model_parameters
from xtal.lattice import Lattice
from xtal.radiation import Radiation
from xtal.structure import Site, Structure
from xtal.symmetry import SpaceGroup

INSTRUMENT = Instrument(name="made up", radiation=Radiation.from_name("CuKa"), goniometer_radius=200.0)


def model(structure: Structure, **more) -> dict[str, Parameter]:
    return model_parameters([JobPhase("p", structure, **more)], INSTRUMENT, 3)


def crystal(symbol: str, cell: tuple[float, ...], *positions: tuple[float, float, float]) -> Structure:
    sites = tuple(Site(f"X{i}", "O", xyz, 0.1, u_iso=0.01) for i, xyz in enumerate(positions, start=1))
    return Structure("p", Lattice.from_parameters(cell), SpaceGroup.from_symbol(symbol), sites, "made up", "model")


def below(parameters: dict[str, Parameter], prefix: str) -> set[str]:
    return {name.removeprefix(prefix) for name in parameters if name.startswith(prefix)}


@pytest.mark.parametrize(
    ("symbol", "cell", "free"),
    [
        ("P -1", (5, 6, 7, 80, 95, 103), "a b c alpha beta gamma"),
        ("P 1 21/c 1", (5, 6, 7, 90, 95, 90), "a b c beta"),
        ("P 1 1 21/b", (5, 6, 7, 90, 90, 95), "a b c gamma"),
        ("P m c 21", (5, 6, 7, 90, 90, 90), "a b c"),
        ("P 4/m m m", (5, 5, 7, 90, 90, 90), "a c"),
        ("R -3 c:H", (5, 5, 13, 90, 90, 120), "a c"),
        ("R -3 c:R", (5, 5, 5, 55, 55, 55), "a alpha"),
        ("P -3 m 1", (5, 5, 7, 90, 90, 120), "a c"),
        ("P 63 m c", (5, 5, 7, 90, 90, 120), "a c"),
        ("F d -3 m:2", (5, 5, 5, 90, 90, 90), "a"),
    ],
)
def test_free_cell_parameters_are_those_of_the_crystal_system(symbol, cell, free):
    assert below(model(crystal(symbol, cell, (0.1, 0.2, 0.3))), "phase.p.cell.") == set(free.split())


# Wyckoff letters and coordinates from International Tables A.
WYCKOFF = {
    "P m -3 m 1a": ("P m -3 m", (5, 5, 5, 90, 90, 90), (0, 0, 0), ""),
    "P m -3 m 6e (x,0,0)": ("P m -3 m", (5, 5, 5, 90, 90, 90), (0.2, 0, 0), "x"),
    "P m -3 m 8g (x,x,x)": ("P m -3 m", (5, 5, 5, 90, 90, 90), (0.2, 0.2, 0.2), "x"),
    "P m -3 m 12i (0,y,y)": ("P m -3 m", (5, 5, 5, 90, 90, 90), (0, 0.2, 0.2), "y"),
    "P m -3 m 24k (0,y,z)": ("P m -3 m", (5, 5, 5, 90, 90, 90), (0, 0.2, 0.3), "y z"),
    "F d -3 m:2 16d": ("F d -3 m:2", (10, 10, 10, 90, 90, 90), (0.5, 0.5, 0.5), ""),
    "F d -3 m:2 32e (x,x,x)": ("F d -3 m:2", (10, 10, 10, 90, 90, 90), (0.258, 0.258, 0.258), "x"),
    "F d -3 m:2 48f (x,1/8,1/8)": ("F d -3 m:2", (10, 10, 10, 90, 90, 90), (0.3, 0.125, 0.125), "x"),
    "P -3 m 1 2d (1/3,2/3,z)": ("P -3 m 1", (5, 5, 7, 90, 90, 120), (1 / 3, 2 / 3, 0.2), "z"),
    "P -3 m 1 3e": ("P -3 m 1", (5, 5, 7, 90, 90, 120), (0.5, 0, 0), ""),
    "P -3 m 1 6g (x,0,0)": ("P -3 m 1", (5, 5, 7, 90, 90, 120), (0.3, 0, 0), "x"),
    "P -3 m 1 6i (x,-x,z)": ("P -3 m 1", (5, 5, 7, 90, 90, 120), (0.2, -0.2, 0.3), "x z"),
    "P -3 m 1 6i (x,2x,z)": ("P -3 m 1", (5, 5, 7, 90, 90, 120), (0.1, 0.2, 0.3), "x z"),
    "R -3 c:H 12c (0,0,z)": ("R -3 c:H", (4.76, 4.76, 12.99, 90, 90, 120), (0, 0, 0.352), "z"),
    "R -3 c:H 18e (x,0,1/4)": ("R -3 c:H", (4.76, 4.76, 12.99, 90, 90, 120), (0.306, 0, 0.25), "x"),
    "P 42/m n m 4f (x,x,0)": ("P 42/m n m", (4.6, 4.6, 2.96, 90, 90, 90), (0.305, 0.305, 0), "x"),
    "P 63/m 6h (x,y,1/4)": ("P 63/m", (9.4, 9.4, 6.9, 90, 90, 120), (0.24, 0.99, 0.25), "x y"),
    "C 1 2/m 1 4i (x,0,z)": ("C 1 2/m 1", (6, 11, 6, 90, 109, 90), (0.25, 0, 0.23), "x z"),
    "C 1 2/m 1 4g (0,y,0)": ("C 1 2/m 1", (6, 11, 6, 90, 109, 90), (0, 0.33, 0), "y"),
    "P m c 21 2a (0,y,z)": ("P m c 21", (4, 4, 8, 90, 90, 90), (0, 0.1, 0.2), "y z"),
    "P -1 2i": ("P -1", (5, 6, 7, 80, 95, 103), (0.1, 0.2, 0.3), "x y z"),
}


@pytest.mark.parametrize(("symbol", "cell", "xyz", "free"), WYCKOFF.values(), ids=WYCKOFF)
def test_free_coordinates_are_those_of_the_wyckoff_position(symbol, cell, xyz, free):
    names = below(model(crystal(symbol, cell, xyz)), "phase.p.site.X1.")
    assert names == {*free.split(), "occupancy", "u_iso"}


def test_phase_has_a_texture_only_with_an_axis():
    structure = reference_structure("lif")
    assert "phase.p.texture.r" not in model(structure)
    assert model(structure, texture_axis=(1, 1, 1))["phase.p.texture.r"].start == 1.0


def test_displacement_in_mm_exists_only_where_a_goniometer_radius_gives_it_meaning():
    structure = reference_structure("lif")
    capillary = Instrument(
        name="c", radiation=Radiation.from_name("0.5A"), geometry="debye-scherrer", goniometer_radius=1000.0
    )
    assert "pattern.displacement" in model(structure)
    assert "pattern.displacement" not in model_parameters([JobPhase("p", structure)], capillary, 1)


def test_background_has_as_many_coefficients_as_terms():
    assert below(model(reference_structure("lif")), "pattern.background.") == {"c0", "c1", "c2"}


def test_anisotropic_site_has_no_u_iso():
    site = Site("O1", "O", (0, 0, 0), 1.0, u_aniso=(0.01, 0.01, 0.01, 0, 0, 0))
    structure = Structure("p", Lattice.cubic(4.0), SpaceGroup.from_symbol("P m -3 m"), (site,), "made up", "model")
    assert below(model(structure), "phase.p.site.O1.") == {"occupancy"}


def test_displacement_parameter_that_the_source_lacks_starts_at_the_default():
    site = Site("O1", "O", (0, 0, 0), 1.0)
    structure = Structure("p", Lattice.cubic(4.0), SpaceGroup.from_symbol("P m -3 m"), (site,), "made up", "model")
    assert model(structure)["phase.p.site.O1.u_iso"].start == DEFAULT_U_ISO


def changed(starts: dict, bounds: dict | None = None, structure: Structure | None = None) -> dict[str, Parameter]:
    return adjusted(model(structure or reference_structure("llto")), starts, bounds or {}, "job.toml")


def test_default_bounds_of_a_cell_move_with_its_start():
    before, after = model(reference_structure("llto"))["phase.p.cell.a"], changed({"phase.p.cell.a": 4.2})
    assert (after["phase.p.cell.a"].min, after["phase.p.cell.a"].max) == pytest.approx((4.2 * 0.95, 4.2 * 1.05))
    assert (before.min, before.max) == pytest.approx((before.start * 0.95, before.start * 1.05))


def test_default_bounds_of_a_coordinate_move_with_its_start():
    moved = changed({"phase.p.site.O1.z": 0.3})["phase.p.site.O1.z"]
    assert (moved.start, moved.min, moved.max) == pytest.approx((0.3, 0.1, 0.5))


def test_bounds_that_the_job_gives_stay_where_they_are():
    first = changed({}, {"phase.p.cell.a": [3.7, 4.1]})
    second = adjusted(first, {"phase.p.cell.a": 4.0}, {}, "job.toml")
    assert (second["phase.p.cell.a"].min, second["phase.p.cell.a"].max) == (3.7, 4.1)


def test_bounds_that_happen_to_lie_about_the_old_start_stay_where_they_are():
    old = reference_structure("llto").lattice.a
    first = changed({}, {"phase.p.cell.a": [old - 0.1, old + 0.1]})
    second = adjusted(first, {"phase.p.cell.a": old + 0.05}, {}, "job.toml")
    assert (second["phase.p.cell.a"].min, second["phase.p.cell.a"].max) == (old - 0.1, old + 0.1)


def test_bounds_of_an_occupancy_do_not_move_with_its_start():
    moved = changed({"phase.p.site.Ti.occupancy": 0.5})["phase.p.site.Ti.occupancy"]
    assert (moved.start, moved.min, moved.max) == (0.5, 0.0, 2.0)


def test_wildcards_set_starts_and_bounds_of_many():
    after = changed({"phase.*.site.*.u_iso": 0.02}, {"phase.p.site.*.u_iso": [0.001, 0.05]})
    found = [item for name, item in after.items() if name.endswith("u_iso")]
    assert len(found) == 6
    assert {(item.start, item.min, item.max) for item in found} == {(0.02, 0.001, 0.05)}


def test_bound_may_be_open_on_one_side():
    assert changed({}, {"phase.p.microstrain": [None, 0.02]})["phase.p.microstrain"] == Parameter(0.0, None, 0.02)


def test_value_of_the_source_outside_the_bounds_of_the_job_is_refused():
    with pytest.raises(JobError, match=r"lies outside its bounds \[4\.0, 4\.2\]"):
        changed({}, {"phase.p.cell.a": [4.0, 4.2]})


def test_matching_finds_names_below_but_not_names_that_begin_alike():
    assert matching("phase.a", ["phase.a.scale", "phase.ab.scale"]) == ["phase.a.scale"]
    assert matching("phase.a.cell.a", ["phase.a.cell.a", "phase.a.cell.alpha"]) == ["phase.a.cell.a"]


def test_sizes_are_in_the_model_only_when_freed_or_given(read_job):
    assert not matching("*.crystallite_size_nm", list(read_job().parameters))
    freed = read_job(('"phase.*.scale"', '"phase.*.scale", "phase.*.crystallite_size_nm"'))
    assert freed.parameters["phase.lif.crystallite_size_nm"].start == 200.0
    given = read_job(('structure = "lif"', 'structure = "lif"\nstart = {crystallite_size_nm = 55}'))
    assert given.parameters["phase.lif.crystallite_size_nm"].start == 55.0


def test_parameters_table_overrides_what_the_phase_says(read_job):
    job = read_job(
        ('structure = "lif"', 'structure = "lif"\nstart = {"cell.a" = 4.01}'),
        added='[parameters]\n"phase.lif.cell.a" = {start = 4.05, max = 4.2}\n',
    )
    assert job.parameters["phase.lif.cell.a"] == Parameter(4.05, None, 4.2)


def test_goniometer_radius_that_nobody_gives_is_assumed_and_noted(read_job, folder):
    write_instrument(Instrument(name="made up", radiation=Radiation.from_name("CuKa")), folder / "made-up.toml")
    job = read_job(('file = "flat.xy"', 'file = "flat.xy"\ninstrument = "made-up.toml"'))
    assert job.instrument.goniometer_radius == 200.0
    assert any("200 mm was assumed" in note for note in job.notes)
    assert not any("radius" in note for note in read_job().notes)


def test_displacement_parameters_that_the_source_lacks_are_noted(read_job, folder):
    site = Site("Cl1", "Cl", (0, 0, 0), 1.0)
    structure = Structure("bare", Lattice.cubic(4.0), SpaceGroup.from_symbol("P m -3 m"), (site,), "made up", "model")
    write_cif(structure, folder / "bare.cif")
    notes = read_job(('structure = "lif"', 'structure = "bare.cif"')).notes
    assert any(note.startswith("bare: no displacement parameter in the source for Cl1") for note in notes)
