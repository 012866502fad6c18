"""Every file of ``reference_cifs/`` against its index and against programs that are not ours.

Readers used here: gemmi (text, symmetry, charges), pymatgen (density, oxidation numbers, line
positions), spglib (space-group type), xrayutilities (Wyckoff positions). Numbers to compare with
are typed in below; they were printed with the sources, not computed from these files.
"""

import math
import re
import tomllib
import warnings
from functools import cache
from itertools import product
from pathlib import Path

import gemmi
import numpy as np
import pytest
import spglib

FOLDER = Path(__file__).parents[1] / "reference_cifs"
INDEX = tomllib.loads((FOLDER / "index.toml").read_text(encoding="utf-8"))
NOT_FOUND = INDEX.pop("not_found")
NAMES = sorted(path.stem for path in FOLDER.glob("*.cif"))
CU_KA1 = 1.5405929
"""Hölzer wavelength of Cu Kα1, Å."""

# Densities (g/cm3) printed with the collected source data, for structures shipped unchanged.
PRINTED_DENSITY = {
    "li2ohbr-cubic": 2.732,
    "llto-973k": 4.891,
    "llzo-cubic-mo": 5.088,
    "llzo-cubic-gaf": 5.314,
    "llzo-tetragonal": 5.108,
    "li2zrcl6-hcp": 2.461,
    "li2sc2_3cl4-spinel": 2.177,
    "li2in1_3sc1_3cl4-spinel": 2.439,
    "li3in2_3sc1_3cl6": 2.540,
    "li3in2_3sc1_3cl6-sc": 2.491,
    "licl": 2.086,
    "alcl3": 2.506,
    "lialcl4": 1.974,
    "lif": 2.657,
    "kcl": 1.987,
    "li2o": 2.014,
    "licoo2": 4.976,
    "si": 2.329,
    "lab6": 4.711,
    "al2o3": 3.986,
    "zno": 5.677,
    "caf2": 3.181,
    "ceo2": 7.213,
    "ni": 8.909,
    # Effenberger & Zemann's Li2CO3 and the mineral densities below are handbook values.
    "li2co3": 2.10,
    "anatase": 3.89,
    "rutile": 4.25,
    "fluorapatite": 3.20,
    "zro2": 5.81,
    # Cubic Li2OHCl with hydrogen, printed at a = 3.91 Å: 1.843.
    "li2ohcl-cubic": 1.843,
}

# Shortest distances (Å) from a site to the listed elements, in order, as printed with the sources.
# Models: the distances aimed at. li2co3, fluorapatite, pbso4, zro2 and li2zrcl6-ccp came without
# printed distances: theirs were looked at for sense once (C-O 1.28, P-O 1.55, S-O 1.46 Å) and only
# guard against change.
DISTANCES = {
    "li2ohcl-cubic": {("Li1", "O Cl"): [1.9555] * 2 + [2.7655] * 4, ("O1", "H"): [0.96] * 18},
    "li2ohcl-cubic-k": {("Li1", "O Cl"): [1.9555] * 2 + [2.7655] * 4, ("O1", "H"): [0.96] * 18},
    "li2ohcl-orthorhombic": {
        ("O1", "Li"): [1.915] * 2 + [2.000] * 2,
        ("O1", "H"): [0.9675],
        ("Cl1", "Li"): [2.722] * 4 + [2.783] * 4,
    },
    "li2ohbr-cubic": {("Li1", "O Br"): [2.028] * 2 + [2.868] * 4},
    "llto": {("Ti", "O"): [1.882] + [1.944] * 4 + [1.989]},
    "llto-973k": {
        ("Ti", "O"): [1.896] + [1.958] * 4 + [2.004],
        ("La1", "O"): [2.756] * 4 + [2.855] * 8,
        ("La2", "O"): [2.662] * 8 + [2.756] * 4,
    },
    "llzo-cubic-mo": {
        ("Li1", "O"): [1.920] * 4,
        ("Li2", "O"): [1.762, 2.100, 2.152, 2.355, 2.704, 2.733],
        ("La1", "O"): [2.512] * 4 + [2.584] * 4,
        ("Zr1", "O"): [2.093] * 6,
    },
    "llzo-cubic-gaf": {
        ("Li1", "O"): [1.911] * 4,
        ("Li2", "O"): [1.793, 2.143, 2.145, 2.280, 2.681, 2.709],
        ("La1", "O"): [2.516] * 4 + [2.587] * 4,
        ("Zr1", "O"): [2.109] * 6,
    },
    "llzo-cubic": {("La1", "O"): [2.516] * 4 + [2.587] * 4, ("Zr1", "O"): [2.109] * 6},
    "llzo-tetragonal": {
        ("Li1", "O"): [1.914] * 4,
        ("Li2", "O"): [1.957] * 2 + [2.365] * 2 + [2.481] * 2,
        ("Li3", "O"): [1.872, 2.021, 2.058, 2.234, 2.822, 2.893],
        ("La1", "O"): [2.526] * 4 + [2.624] * 4,
        ("La2", "O"): [2.471] * 2 + [2.532] * 2 + [2.550] * 2 + [2.626] * 2,
        ("Zr1", "O"): [2.102] * 2 + [2.108] * 2 + [2.109] * 2,
    },
    "li2zrcl6-hcp": {
        ("Zr1", "Cl"): [2.496] * 6,
        ("Zr2", "Cl"): [2.470] * 3 + [2.504] * 3,
        ("Li1", "Cl"): [2.531] * 2 + [2.628] * 2 + [2.661] * 2,
    },
    "li2zrcl6-ccp": {("Zr1", "Cl"): [2.493] * 2 + [2.497] * 4},
    "li2sc2_3cl4-spinel": {
        ("Li1", "Cl"): [2.331] * 4,
        ("Li2", "Cl"): [2.647] * 6,
        ("Li3", "Cl"): [2.219] * 2 + [2.299] * 2,
        ("Li4", "Cl"): [2.556] * 6,
    },
    "li2in1_3sc1_3cl4-spinel": {
        ("Li1", "Cl"): [2.333] * 4,
        ("Li2", "Cl"): [2.650] * 6,
        ("Li3", "Cl"): [2.201] * 2 + [2.330] * 2,
        ("Li4", "Cl"): [2.562] * 6,
    },
    "li3in2_3sc1_3cl6": {
        ("Li1", "Cl"): [2.549] * 2 + [2.596] * 2 + [2.597] * 2,
        ("Li2", "Cl"): [2.534] * 2 + [2.653] * 2 + [2.827] * 2,
        ("In1", "Cl"): [2.498] * 4 + [2.499] * 2,
    },
    "li3in2_3sc1_3cl6-sc": {
        ("Li1", "Cl"): [2.575] * 2 + [2.593] * 2 + [2.603] * 2,
        ("Li2", "Cl"): [2.632] * 2 + [2.659] * 2 + [2.668] * 2,
        ("In1", "Cl"): [2.498] * 2 + [2.515] * 4,
    },
    "licl": {("Li1", "Cl"): [2.565] * 6},
    "lif": {("Li1", "F"): [2.009] * 6},
    "kcl": {("K1", "Cl"): [3.147] * 6},
    "nio": {("Ni1", "O"): [4.1769 / 2] * 6},
    "alcl3": {("Al1", "Cl"): [2.310] * 2 + [2.313] * 2 + [2.315] * 2},
    "lialcl4": {
        ("Al1", "Cl"): [2.123, 2.127, 2.146, 2.154],
        ("Li1", "Cl"): [2.454, 2.513, 2.611, 2.709, 2.779, 2.823],
    },
    "li2o": {("Li1", "O"): [2.000] * 4},
    "licoo2": {("Li1", "O"): [2.101] * 6, ("Co1", "O"): [1.934] * 6},
    "si": {("Si1", "Si"): [2.352] * 4},
    "lab6": {("La1", "B"): [3.052] * 24},
    "al2o3": {("Al1", "O"): [1.855] * 3 + [1.971] * 3},
    "zno": {("Zn1", "O"): [1.973] * 3 + [1.992]},
    "caf2": {("Ca1", "F"): [2.366] * 8},
    "ceo2": {("Ce1", "O"): [2.343] * 8},
    "ni": {("Ni1", "Ni"): [2.492] * 12},
    "fluorapatite": {("F4", "Ca"): [2.303] * 3, ("P3", "O"): [1.522] * 2 + [1.552, 1.576]},
    "pbso4": {("S1", "O"): [1.411, 1.467] + [1.481] * 2},
    # Closed forms: Ti-O = z c (apical) and sqrt((a/2)^2 + ((1/4 - z) c)^2).
    "anatase": {("Ti1", "O"): [math.hypot(3.7842 / 2, (0.25 - 0.2081) * 9.5146)] * 4 + [0.2081 * 9.5146] * 2},
    "rutile": {
        ("Ti1", "O"): [math.hypot((0.5 - 0.3051) * math.sqrt(2) * 4.593, 2.959 / 2)] * 4
        + [0.3051 * math.sqrt(2) * 4.593] * 2
    },
    "zro2": {("Zr1", "O"): [2.052, 2.063, 2.153, 2.157, 2.176, 2.242, 2.267]},
    "li2co3": {("C1", "O"): [1.271] + [1.286] * 2},
    "latp": {
        ("P1", "O"): [1.529] * 4,
        ("Ti1", "O"): [1.941] * 3 + [1.942] * 3,
    },
}

# Lowest sensible distances (Å) between two elements that are both there; the default is 2.2 Å.
SHORTEST = {
    "H O": 0.90,
    "C O": 1.25,
    "O S": 1.40,
    "O P": 1.50,
    "B B": 1.60,
    "O Ti": 1.85,
    "Al O": 1.84,
    "Co O": 1.90,
    "Li O": 1.75,
    "Ga O": 1.85,
    "F Li": 1.75,
    "F Ga": 1.85,
    "O Zr": 2.00,
    "F Zr": 2.00,
    "Mo O": 2.00,
    "O Zn": 1.90,
    "Ni O": 2.00,
    "Al Cl": 2.10,
    "Cl Li": 2.18,
    "H Li": 2.10,
}
# Published average structures whose refined occupancies can't all be true in one place.
# K takes the place of the whole [Li2OH]+ cluster: where it sits, that cluster's H and Li are absent.
KNOWN_CONFLICTS = {"llzo-cubic-gaf": {"Li Li", "Ga Li"}, "li2ohcl-cubic-k": {"H K", "K Li"}}

# Indices of the first three lines above 0.1 % of the strongest one.
FIRST_LINES = {
    "li2ohcl-cubic": ["100", "110", "111"],
    "li2ohcl-cubic-k": ["100", "110", "111"],
    "li2ohcl-orthorhombic": ["002", "010", "100"],
    "li2ohbr-cubic": ["100", "110", "111"],
    "llto": ["001", "002", "100"],
    "llto-973k": ["001", "002", "100"],
    "llzo-cubic-mo": ["211", "220", "321"],
    "llzo-cubic-gaf": ["211", "220", "321"],
    "llzo-cubic": ["211", "220", "321"],
    "llzo-tetragonal": ["200", "211", "112"],
    "li2zrcl6-hcp": ["001", "110", "101"],
    "li2zrcl6-ccp": ["001", "020", "110"],
    "li2sc2_3cl4-spinel": ["111", "311", "222"],
    "li2in1_3sc1_3cl4-spinel": ["111", "311", "222"],
    "li3in2_3sc1_3cl6": ["001", "020", "110"],
    "li3in2_3sc1_3cl6-sc": ["001", "020", "110"],
    "licl": ["111", "200", "220"],
    "lif": ["111", "200", "220"],
    "kcl": ["111", "200", "220"],
    "nio": ["111", "200", "220"],
    "alcl3": ["001", "020", "110"],
    "lialcl4": ["100", "002", "011"],
    "li2o": ["111", "200", "220"],
    "licoo2": ["003", "101", "006"],
    "si": ["111", "220", "311"],
    "lab6": ["100", "110", "111"],
    "al2o3": ["012", "104", "110"],
    "zno": ["100", "002", "101"],
    "caf2": ["111", "200", "220"],
    "ceo2": ["111", "200", "220"],
    "ni": ["111", "200", "220"],
    "fluorapatite": ["100", "101", "110"],
    "pbso4": ["101", "011", "200"],
    "anatase": ["101", "103", "004"],
    "rutile": ["110", "101", "200"],
    "zro2": ["100", "011", "110"],
    "li2co3": ["110", "200", "11-1"],
    "latp": ["012", "110", "104"],
}

pytestmark = pytest.mark.filterwarnings("ignore:Set OLD_ERROR_HANDLING")
each_file = pytest.mark.parametrize("name", NAMES)


def path_of(name):
    return FOLDER / f"{name}.cif"


@cache
def block_of(name):
    return gemmi.cif.read(str(path_of(name))).sole_block()


@cache
def gemmi_of(name):
    return gemmi.read_small_structure(str(path_of(name)))


@cache
def pymatgen_of(name):
    from pymatgen.io.cif import CifParser

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parser = CifParser(path_of(name), occupancy_tolerance=1.001)
        return parser.parse_structures(primitive=False)[0]


def operations_in(name):
    triplets = block_of(name).find_loop("_space_group_symop_operation_xyz")
    return [gemmi.Op(triplet.strip("'")) for triplet in triplets]


def as_arrays(operations):
    rotations = np.array([op.rot for op in operations]) // gemmi.Op.DEN
    translations = np.array([op.tran for op in operations]) / gemmi.Op.DEN
    return rotations, translations


def atom_rows(name):
    """Label, multiplicity, Wyckoff letter, occupancy and position of each listed atom."""
    tags = ("label", "site_symmetry_multiplicity", "Wyckoff_symbol", "occupancy")
    table = block_of(name).find("_atom_site_", [*tags, "fract_x", "fract_y", "fract_z"])
    for row in table:
        xyz = np.array([gemmi.cif.as_number(row[i]) for i in (4, 5, 6)])
        yield row[0], int(row[1]), row[2], gemmi.cif.as_number(row[3]), xyz


def positions_of(name, xyz):
    """All positions of a site in the cell by the operations written in the file, (n, 3)."""
    rotations, translations = as_arrays(operations_in(name))
    lengths = np.array(INDEX[name]["cell"][:3])
    found = []
    for image in (rotations @ xyz + translations) % 1.0:
        gaps = [(image - other + 0.5) % 1.0 - 0.5 for other in found]
        if all(np.linalg.norm(gap * lengths) > 0.02 for gap in gaps):
            found.append(image)
    return np.array(found)


@cache
def cell_content(name):
    """Element, occupancy, total occupancy of the position and position of every atom."""
    atoms = []
    for site, (_, _, _, occupancy, xyz) in zip(gemmi_of(name).sites, atom_rows(name), strict=True):
        for image in positions_of(name, xyz):
            atoms.append((site.element.name, occupancy, image))
    return atoms


def distances_from(name, origin, images):
    matrix = np.array(gemmi_of(name).cell.orth.mat.tolist())
    shifts = np.array(list(product((-1, 0, 1), repeat=3)))
    delta = images[:, None, :] + shifts[None, :, :] - origin
    return np.linalg.norm(delta @ matrix.T, axis=2)


def d_spacing(hkl, cell):
    """Textbook d for axes that are orthogonal but for one angle, beta or gamma (Å)."""
    (h, k, l), (a, b, c, _, beta, gamma) = hkl, cell
    if gamma == 120:
        return 1 / math.sqrt(4 / 3 * (h * h + h * k + k * k) / a**2 + (l / c) ** 2)
    cosine, sine = math.cos(math.radians(beta)), math.sin(math.radians(beta))
    oblique = (h / a) ** 2 + (l / c) ** 2 - 2 * h * l * cosine / (a * c)
    return 1 / math.sqrt(oblique / sine**2 + (k / b) ** 2)


def two_theta(hkl, cell):
    """Bragg's law for Cu Kα1 (degrees)."""
    return 2 * math.degrees(math.asin(CU_KA1 / 2 / d_spacing(hkl, cell)))


def indices(text):
    return [int(number) for number in re.findall(r"-?\d", text)]


def counts(formula):
    from pymatgen.core import Composition

    return Composition(formula).get_el_amt_dict()


def test_the_index_lists_exactly_the_files():
    assert sorted(INDEX) == NAMES
    assert len(NAMES) >= 35


def test_what_was_not_found_names_what_to_get():
    assert {"li2ohcl-orthorhombic", "li3ycl6", "zrcl4", "latp"} <= set(NOT_FOUND)
    assert all(len(text) > 20 for text in NOT_FOUND.values())


@each_file
def test_names_are_short_and_lower_case_and_head_the_file(name):
    assert re.fullmatch(r"[a-z0-9_-]{2,28}", name)
    first = path_of(name).read_text(encoding="utf-8").splitlines()[0]
    assert first == f"# xtal reference structure: {name} ({INDEX[name]['quality']})"
    assert block_of(name).name == name
    assert path_of(name).read_bytes().isascii()


@each_file
def test_every_index_entry_is_complete(name):
    entry = INDEX[name]
    optional = {"nominal_formula", "temperature_k", "certified"}
    needed = "name formula z space_group setting cell density quality source uncertain charge"
    assert set(entry) - optional == set(needed.split())
    assert entry["quality"] in {"experiment", "dft", "model"}
    assert len(entry["source"]) > 30
    assert all(sentence.endswith((".", "!")) for sentence in entry["uncertain"])
    if entry["quality"] != "experiment":
        stated = " ".join([entry["name"], *entry["uncertain"]]).lower()
        assert entry["quality"] in stated


@each_file
def test_the_head_of_the_file_states_what_is_uncertain(name):
    text = path_of(name).read_text(encoding="utf-8")
    head = re.sub(r"\s*\n#\s*", " ", text[: text.index("\ndata_")])
    for sentence in INDEX[name]["uncertain"]:
        assert sentence in head


@each_file
def test_index_and_file_agree(name):
    entry, block, structure = INDEX[name], block_of(name), gemmi_of(name)
    assert structure.cell.parameters == pytest.approx(entry["cell"], abs=1e-9)
    assert int(block.find_value("_cell_formula_units_Z")) == entry["z"]
    symbol = block.find_value("_space_group_name_H-M_alt").strip("'")
    setting = f" :{entry['setting']}" if entry["setting"] else ""
    assert symbol == entry["space_group"] + setting
    written = float(block.find_value("_exptl_crystal_density_diffrn"))
    assert written == pytest.approx(entry["density"], abs=1e-4)
    temperature = block.find_value("_diffrn_ambient_temperature")
    assert (float(temperature) if temperature else None) == entry.get("temperature_k")
    reference = " ".join(block.find_value("_publ_section_references").strip(";").split())
    assert reference == entry["source"]


@each_file
def test_xtals_own_reader_sees_what_gemmi_sees(name):
    read_cif = pytest.importorskip("xtal.io.cif").read_cif
    structure, expected = read_cif(path_of(name)), gemmi_of(name)
    assert structure.space_group.number == expected.spacegroup.number
    assert len(structure.space_group.operations) == len(operations_in(name))
    assert structure.quality == INDEX[name]["quality"]
    assert set(INDEX[name]["uncertain"]) <= set(structure.notes)
    assert [site.label for site in structure.sites] == [site.label for site in expected.sites]
    for site, other in zip(structure.sites, expected.sites, strict=True):
        assert site.element == other.element.name
        assert (site.charge or 0) == other.charge
        assert site.occupancy == pytest.approx(other.occ, abs=1e-7)
        assert site.xyz == pytest.approx(other.fract.tolist(), abs=1e-6)
        if site.u_aniso is None:
            assert site.u_iso == pytest.approx(other.u_iso, abs=1e-7)


@each_file
def test_formula_of_index_and_file_is_that_of_the_atoms(name):
    entry = INDEX[name]
    content = {}
    for element, occupancy, _ in cell_content(name):
        content[element] = content.get(element, 0.0) + occupancy / entry["z"]
    written = block_of(name).find_value("_chemical_formula_sum").strip("'")
    assert counts(entry["formula"]) == pytest.approx(content, abs=1.5e-3)
    assert counts(written) == pytest.approx(content, abs=1e-4)
    assert set(counts(entry.get("nominal_formula", written))) >= set(content) - {"F"}


@each_file
def test_symmetry_operations_are_those_of_the_symbol(name):
    group = gemmi.find_spacegroup_by_name(block_of(name).find_value("_space_group_name_H-M_alt").strip("'"))
    written = {op.wrap().triplet() for op in operations_in(name)}
    assert written == {op.wrap().triplet() for op in group.operations()}
    assert len(operations_in(name)) == len(written)
    assert block_of(name).find_value("_space_group_name_Hall").strip("'") == group.hall
    assert int(block_of(name).find_value("_space_group_IT_number")) == group.number


@cache
def spglib_settings(number):
    """Operations of every setting of a space-group type in spglib's tables, by choice."""
    settings = []
    for hall in range(1, 531):
        kind = spglib.get_spacegroup_type(hall)
        if kind.number == number:
            table = spglib.get_symmetry_from_database(hall)
            rows = zip(table["rotations"], table["translations"], strict=True)
            settings.append((kind.choice, {operation_key(r, t) for r, t in rows}))
    return settings


def operation_key(rotation, translation):
    return tuple(np.ravel(rotation)), tuple(np.round(np.ravel(translation) * 24).astype(int) % 24)


@each_file
def test_operations_are_those_of_spglibs_tables_in_the_stated_setting(name):
    written = {operation_key(r, t) for r, t in zip(*as_arrays(operations_in(name)), strict=True)}
    number = int(block_of(name).find_value("_space_group_IT_number"))
    choices = [choice for choice, table in spglib_settings(number) if table == written]
    assert choices
    if INDEX[name]["setting"]:
        assert choices == [INDEX[name]["setting"]]


@each_file
def test_the_atoms_have_no_more_symmetry_than_is_stated(name):
    by_position = {}
    for element, occupancy, xyz in cell_content(name):
        key = tuple(np.round(xyz, 4) % 1.0)
        by_position.setdefault(key, []).append((element, round(occupancy, 4)))
    kinds = {species: i for i, species in enumerate(sorted({str(s) for s in by_position.values()}))}
    lattice = np.array(gemmi_of(name).cell.orth.mat.tolist()).T
    numbers = [kinds[str(species)] for species in by_position.values()]
    found = spglib.get_symmetry_dataset((lattice, list(by_position), numbers), symprec=5e-3)
    if name == "li2ohcl-orthorhombic":
        # The undistorted model is more symmetric than Pmc2_1; a refinement moves it away from it.
        assert found.number > 26
    else:
        assert found.number == int(block_of(name).find_value("_space_group_IT_number"))


@each_file
def test_multiplicities_follow_from_the_operations(name):
    for label, multiplicity, _, _, xyz in atom_rows(name):
        assert len(positions_of(name, xyz)) == multiplicity, label


def lies_on(pattern, position):
    """Whether a position fits a Wyckoff pattern such as ``(x, 0, -x+1/4)``."""
    components = pattern.strip("()").replace(" ", "").split(",")
    for shift in product((0, 1, -1), repeat=3):
        target = position % 1.0 + shift
        free = dict.fromkeys("xyz", 0.0)
        for component, value in zip(components, target, strict=True):
            if bare := re.fullmatch(r"(-?)([xyz])", component):
                free[bare[2]] = -value if bare[1] else value
        image = gemmi.Op(",".join(components)).apply_to_xyz(list(free.values()))
        if np.abs((image - target + 0.5) % 1.0 - 0.5).max() < 2e-4:
            return True
    return False


@each_file
def test_wyckoff_letters_are_those_of_the_international_tables(name):
    tables = pytest.importorskip("xrayutilities.materials.wyckpos").wp
    number = block_of(name).find_value("_space_group_IT_number")
    monoclinic = {"12": "b", "14": "b", "15": "b"}
    suffix = INDEX[name]["setting"] or monoclinic.get(number, "")
    table = tables[f"{number}:{suffix}" if suffix else number]
    for label, multiplicity, letter, _, xyz in atom_rows(name):
        patterns = table[f"{multiplicity}{letter}"][1]
        patterns = [patterns] if isinstance(patterns, str) else patterns
        images = positions_of(name, xyz)
        assert any(lies_on(p, image) for p in patterns for image in images), label


@each_file
def test_density_is_that_of_pymatgen_and_of_the_printed_table(name):
    density = float(pymatgen_of(name).density)
    assert density == pytest.approx(INDEX[name]["density"], rel=5e-3)
    if name in PRINTED_DENSITY:
        assert density == pytest.approx(PRINTED_DENSITY[name], rel=5e-3)


@each_file
def test_oxidation_numbers_balance_or_the_reason_is_stated(name):
    structure, entry = pymatgen_of(name), INDEX[name]
    states = [
        (getattr(species, "oxi_state", 0) or 0, amount)
        for site in structure
        for species, amount in site.species.items()
    ]
    charge = sum(state * amount for state, amount in states) / entry["z"]
    if entry["charge"] == "balanced":
        assert charge == pytest.approx(0.0, abs=0.02)
        assert any(state for state, _ in states)
    elif all(state == 0 for state, _ in states):
        assert entry["charge"].startswith("Not ionic")
    else:
        stated = re.search(r"sum to ([+-][\d.]+) per formula unit", entry["charge"])
        assert charge == pytest.approx(float(stated[1].rstrip(".")), abs=0.01)


@each_file
def test_ion_symbols_are_read_by_gemmi_and_fit_the_oxidation_numbers(name):
    table = block_of(name).find("_atom_type_", ["symbol", "oxidation_number"])
    states = {row[0]: float(row[1]) for row in table}
    for site in gemmi_of(name).sites:
        assert site.element.name in site.type_symbol
        state = states[site.type_symbol]
        if site.charge:
            # An OH group is written O1- plus H: its oxygen carries one charge of two.
            hydroxide = site.type_symbol == "O1-"
            assert site.charge == (-1 if hydroxide else state)


@each_file
def test_occupancies_are_between_zero_and_one_and_no_position_is_overfull(name):
    totals = {}
    for _, occupancy, xyz in cell_content(name):
        assert 0 < occupancy <= 1
        key = tuple(np.round(xyz, 4) % 1.0)
        totals[key] = totals.get(key, 0.0) + occupancy
    assert max(totals.values()) <= 1.0005


@each_file
def test_displacement_parameters_are_sourced_or_called_start_values(name):
    stated = " ".join(INDEX[name]["uncertain"])
    block = block_of(name)
    u_iso = [site.u_iso for site in gemmi_of(name).sites]
    assert all(0 < u < 0.06 for u in u_iso)
    if all(u == pytest.approx(0.01) for u in u_iso):
        assert "start values" in stated
    assert ("_atom_site_aniso_U_11" in block.as_string()) == (name == "li3in2_3sc1_3cl6-sc")


def test_the_single_crystal_structure_keeps_its_uij():
    sites = {site.label: site for site in gemmi_of("li3in2_3sc1_3cl6-sc").sites}
    u = sites["Cl2"].aniso
    assert (u.u11, u.u22, u.u33) == pytest.approx((0.0200, 0.0172, 0.0219))
    assert (u.u23, u.u13, u.u12) == pytest.approx((0.0032, 0.0051, 0.0040))


@each_file
def test_bond_lengths_are_those_printed_with_the_source(name):
    rows = {label: xyz for label, *_, xyz in atom_rows(name)}
    for (label, elements), expected in DISTANCES[name].items():
        partners = [xyz for element, _, xyz in cell_content(name) if element in elements.split()]
        partners = np.unique(np.round(partners, 6), axis=0)
        found = np.sort(distances_from(name, rows[label], partners).ravel())
        found = found[found > 0.05][: len(expected)]
        assert found == pytest.approx(expected, abs=1.6e-3), label


@each_file
def test_no_two_atoms_that_can_both_be_there_are_too_close(name):
    """Split-site rule: positions whose total occupancies sum to at most 1 exclude each other."""
    atoms = cell_content(name)
    xyz = np.array([atom[2] for atom in atoms])
    full = np.zeros(len(atoms))
    for _, occupancy, position in atoms:
        gap = (xyz - position + 0.5) % 1.0 - 0.5
        full[np.abs(gap).max(axis=1) < 1e-3] += occupancy
    seen = set()
    for i, (element, _, position) in enumerate(atoms):
        nearest = distances_from(name, position, xyz)
        nearest[nearest < 0.05] = np.inf
        for j in np.flatnonzero((nearest.min(axis=1) < 2.2) & (full + full[i] > 1.001)):
            pair = " ".join(sorted((element, atoms[j][0])))
            if nearest[j].min() < SHORTEST.get(pair, 2.2):
                seen.add(pair)
    assert seen == KNOWN_CONFLICTS.get(name, set())


@each_file
def test_first_lines_lie_where_braggs_law_puts_them(name):
    from pymatgen.analysis.diffraction.xrd import XRDCalculator

    cell = INDEX[name]["cell"]
    limit = 90 if gemmi_of(name).cell.volume < 400 else 35
    pattern = XRDCalculator(CU_KA1).get_pattern(pymatgen_of(name), two_theta_range=(5, limit))
    visible = [x for x, y in zip(pattern.x, pattern.y, strict=True) if y > 0.1][:3]
    expected = [two_theta(indices(hkl), cell) for hkl in FIRST_LINES[name]]
    assert visible == pytest.approx(expected, abs=1e-3)


def test_llto_110_is_at_32_8_degrees_as_published():
    assert two_theta((1, 1, 0), INDEX["llto"]["cell"]) == pytest.approx(32.8, abs=0.1)


def test_orthorhombic_li2ohcl_has_three_lines_where_the_cubic_phase_has_one():
    cell = INDEX["li2ohcl-orthorhombic"]["cell"]
    lines = sorted(two_theta(hkl, cell) for hkl in [(1, 1, 0), (1, 0, 2), (0, 1, 2)])
    assert lines == pytest.approx([32.16, 32.33, 32.87], abs=0.01)
    cubic = two_theta((1, 1, 0), INDEX["li2ohcl-cubic"]["cell"])
    assert lines[0] < cubic < lines[2]


def test_certified_cells_are_the_cells_of_the_files():
    certified = {name: e["certified"] for name, e in INDEX.items() if "certified" in e}
    assert set(certified) == {"si", "lab6", "al2o3"}
    for name, values in certified.items():
        assert values["a"] == INDEX[name]["cell"][0]
        assert values.get("c", INDEX[name]["cell"][2]) == INDEX[name]["cell"][2]
    assert certified["lab6"]["a_esd"] == pytest.approx(8e-6)
    assert certified["al2o3"]["c_esd"] == pytest.approx(1.5e-4)


def test_cubic_llzo_model_fills_no_two_neighbouring_lithium_sites():
    occupancy = {label: occ for label, _, _, occ, _ in atom_rows("llzo-cubic")}
    assert 24 * occupancy["Li1"] + 96 * occupancy["Li2"] == pytest.approx(56.0, abs=1e-3)
    assert occupancy["Li1"] + occupancy["Li2"] <= 1.0005


def test_fluorapatite_is_the_converged_gsas_model(shared_data):
    text = (shared_data / "lab_fap" / "FAP.EXP").read_text(errors="replace")
    rows = {label: xyz for label, *_, xyz in atom_rows("fluorapatite")}
    for line in text.splitlines():
        if match := re.match(r"CRS1  AT\s+\dA  \w+\s+([\d.\- ]{30})[\d. ]{10}(\w+)", line):
            printed = np.array([float(number) for number in match[1].split()])
            assert rows[match[2].capitalize()] == pytest.approx(printed, abs=1e-6)
            rows.pop(match[2].capitalize())
    assert not rows
