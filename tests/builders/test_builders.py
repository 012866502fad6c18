"""Model builders: compositions, charge balance, symmetry, and what they say about themselves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xtal import Lattice, Site, SpaceGroup, Structure
from xtal.builders import (
    chlorospinel,
    oxychloride,
    potassium_on_cluster_site,
    potassium_on_lithium_site,
    substituted,
    supercell,
)
from xtal.builders.spinel_series import MEASURED_CELLS, vegard_cell
from xtal.convert import to_pymatgen
from xtal.distances import impossible_contacts, shortest_distances
from xtal.errors import InputError
from xtal.io.cif import cif_text, structures_from_text
from xtal.io.library import reference_structure
from xtal.oxidation import charge_sum

CUBIC = reference_structure("li2ohcl-cubic")
MODELS = [
    substituted(CUBIC, "Cl", "F", 0.1),
    substituted(CUBIC, "Cl", "Br", 1.0),
    potassium_on_cluster_site(CUBIC, 0.05),
    potassium_on_lithium_site(CUBIC, 0.05),
    potassium_on_cluster_site(reference_structure("li2ohcl-orthorhombic"), 0.1),
    chlorospinel(0.0),
    chlorospinel(0.25),
    chlorospinel(2 / 3),
    oxychloride("P-3m1"),
    oxychloride("C2/m"),
    oxychloride("P-3m1", 1.0, 1.0, 0.0),
    supercell(CUBIC, (2, 1, 1)),
]
every_model = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)


@every_model
def test_model_says_that_it_is_one_and_from_what(model: Structure) -> None:
    assert model.quality == "model"
    assert model.source.startswith("Model: ")
    assert "li2ohcl" in model.source or "li2" in model.source or "li3" in model.source


@every_model
def test_model_is_charge_balanced_and_holds_no_impossible_contact(model: Structure) -> None:
    assert charge_sum(model) == pytest.approx(0.0, abs=1e-5)
    assert impossible_contacts(model) == ()


@every_model
def test_model_can_be_written_and_read_again(model: Structure) -> None:
    (read,) = structures_from_text(cif_text(model))
    assert read == model


@given(st.floats(0.0, 1.0), st.sampled_from(["F", "Br", "I"]))
@settings(deadline=None, max_examples=30)
def test_substitution_by_any_fraction_keeps_every_position_full(fraction: float, halogen: str) -> None:
    contents = substituted(CUBIC, "Cl", halogen, fraction).cell_contents
    assert contents.get("Cl", 0.0) + contents.get(halogen, 0.0) == pytest.approx(1.0)
    assert contents.get(halogen, 0.0) == pytest.approx(fraction)


def test_substitution_on_one_labelled_site_leaves_the_others() -> None:
    host = reference_structure("li2zrcl6-hcp")
    contents = substituted(host, "Cl2", "Br", 0.5, lattice=Lattice(11.2, 11.2, 6.1, 90, 90, 120)).cell_contents
    assert contents["Br"] == pytest.approx(3.0)
    assert contents["Cl"] == pytest.approx(15.0)


@given(st.floats(0.0, 1.0))
@settings(deadline=None, max_examples=30)
def test_potassium_on_the_cluster_site_is_neutral_for_any_amount(x: float) -> None:
    model = potassium_on_cluster_site(CUBIC, x)
    contents = model.cell_contents
    assert charge_sum(model) == pytest.approx(0.0, abs=1e-5)
    assert contents.get("K", 0.0) == pytest.approx(x)
    for element, full in (("O", 1.0), ("H", 1.0), ("Li", 2.0)):
        assert contents.get(element, 0.0) == pytest.approx(full * (1 - x), abs=1e-5)
    assert contents["Cl"] == pytest.approx(1.0)


def test_rival_potassium_models_put_k_on_different_positions() -> None:
    cluster, lithium = potassium_on_cluster_site(CUBIC, 0.05), potassium_on_lithium_site(CUBIC, 0.05)
    assert cluster.site("K1").xyz == CUBIC.site("O1").xyz
    assert lithium.site("K1").xyz == CUBIC.site("Li1").xyz
    assert lithium.cell_contents["K"] == pytest.approx(0.05, abs=1e-6)
    assert lithium.cell_contents["O"] == pytest.approx(1.0)


def test_electrons_on_the_cluster_site_exceed_those_of_a_full_oxygen() -> None:
    """Refined alone, the O occupancy of a doped sample exceeds 1: 8(1−x) + 19x electrons look like more than one O."""
    x = 0.05
    model = potassium_on_cluster_site(CUBIC, x)
    electrons = 8 * model.site("O1").occupancy + 19 * model.site("K1").occupancy
    assert electrons / 8 == pytest.approx(1 + 11 * x / 8)


def test_spinel_cells_pass_through_the_measured_ones() -> None:
    for x, a in MEASURED_CELLS.items():
        assert vegard_cell(x) == pytest.approx(a, abs=1e-12)
        assert chlorospinel(x).lattice.a == pytest.approx(a, abs=1e-12)


def test_vegards_line_of_two_measured_cells_predicts_the_third_within_200_ppm() -> None:
    a0, a1 = MEASURED_CELLS[0.0], MEASURED_CELLS[1 / 3]
    assert a0 + (a1 - a0) * 3 * 0.444 == pytest.approx(MEASURED_CELLS[0.444], rel=2e-4)


@given(st.floats(0.0, 2 / 3))
@settings(deadline=None, max_examples=20)
def test_spinel_has_the_nominal_composition(x: float) -> None:
    contents = chlorospinel(x).cell_contents
    assert contents["Li"] == pytest.approx(16.0)
    assert contents["Cl"] == pytest.approx(32.0)
    assert contents.get("In", 0.0) == pytest.approx(8 * x, abs=1e-9)
    assert contents.get("Sc", 0.0) == pytest.approx(8 * (2 / 3 - x), abs=1e-9)


def test_spinel_beyond_its_single_phase_range_says_so() -> None:
    assert any("extrapolated" in note for note in chlorospinel(0.6).notes)
    assert not any("extrapolated" in note for note in chlorospinel(0.4).notes)


@pytest.mark.parametrize("framework", ["P-3m1", "C2/m"])
def test_oxychloride_has_the_composition_of_its_components(framework: str) -> None:
    contents = oxychloride(framework, 1.4, 0.75, 0.25).cell_contents  # type: ignore[arg-type]
    metal = contents["Zr"] + contents["Al"]
    ratios = {element: amount / metal for element, amount in contents.items()}
    assert ratios == pytest.approx({"Zr": 0.75, "Al": 0.25, "Li": 2.8, "O": 1.4, "Cl": 3.75})


def test_oxychloride_keeps_the_space_group_and_metal_chlorine_distances_of_its_host() -> None:
    model = oxychloride("P-3m1")
    assert model.space_group.number == 164
    assert shortest_distances(model)["Cl", "Zr"] == pytest.approx(2.470, abs=1e-3)


def test_supercell_has_the_content_and_distances_of_its_cells() -> None:
    host = reference_structure("lialcl4")
    large = supercell(host, (2, 1, 3))
    assert large.lattice.volume == pytest.approx(6 * host.lattice.volume)
    assert large.cell_contents == pytest.approx({k: 6 * v for k, v in host.cell_contents.items()})
    assert large.density == pytest.approx(host.density)
    assert shortest_distances(large) == pytest.approx(shortest_distances(host), abs=1e-9)
    peer = to_pymatgen(host)
    peer.make_supercell((2, 1, 3))
    difference = np.array([site.xyz for site in large.sites])[:, None] - peer.frac_coords[None]
    difference -= np.round(difference)
    assert np.abs(difference).max(axis=2).min(axis=1).max() < 1e-9


def test_supercell_turns_uij_with_the_atoms() -> None:
    site = Site("A", "Li", (0.1, 0.2, 0.3), u_aniso=(0.01, 0.02, 0.03, 0.004, 0.0, 0.006))
    host = Structure("m", Lattice(4, 5, 6, 90, 100, 90), SpaceGroup.from_symbol("P 1 2 1"), (site,))
    first, _, second, _ = supercell(host, (2, 1, 1)).sites
    assert first.u_aniso == pytest.approx((0.01, 0.02, 0.03, 0.004, 0.0, 0.006))
    assert second.u_aniso == pytest.approx((0.01, 0.02, 0.03, -0.004, 0.0, -0.006))


def test_input_without_meaning_is_refused() -> None:
    with pytest.raises(InputError, match="between 0 and 1"):
        substituted(CUBIC, "Cl", "F", 1.5)
    with pytest.raises(InputError, match="has no Br"):
        substituted(CUBIC, "Br", "F", 0.5)
    with pytest.raises(InputError, match="between 0 and 1"):
        potassium_on_cluster_site(CUBIC, float("nan"))
    with pytest.raises(InputError, match="no O"):
        potassium_on_lithium_site(reference_structure("licl"), 0.1)
    with pytest.raises(InputError, match=r"between 0 and 0\.666667"):
        chlorospinel(0.7)
    with pytest.raises(InputError, match="neither may exceed 1"):
        oxychloride("C2/m", li2o=5.0)
    with pytest.raises(InputError, match="choose one of"):
        oxychloride("Pnma")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="three positive whole numbers"):
        supercell(CUBIC, (2, 0, 1))
