"""Reference structures by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from xtal.errors import CifError, MissingPartError
from xtal.io.cif import read_cif
from xtal.io.data_folders import data_folder
from xtal.io.library import (
    find_structure,
    missing_references,
    reference_index,
    reference_names,
    reference_path,
    reference_structure,
)


@pytest.mark.parametrize("name", reference_names())
def test_reference_has_source_quality_and_density_of_the_index(name: str) -> None:
    structure, entry = reference_structure(name), reference_index()[name]
    assert structure.name == name
    assert structure.source == entry["source"]
    assert structure.quality == entry["quality"] in ("experiment", "dft", "model")
    assert set(entry["uncertain"]) <= set(structure.notes)
    assert structure.density == pytest.approx(entry["density"], abs=6e-4)
    assert structure.lattice.parameters == pytest.approx(tuple(entry["cell"]))


def test_unknown_reference_suggests_the_nearest_names() -> None:
    with pytest.raises(CifError, match="did you mean llto"):
        reference_path("ltto")


def test_reference_that_was_not_found_in_the_literature_names_the_paper() -> None:
    assert "li3ycl6" in missing_references()
    with pytest.raises(CifError, match=r"adma\.201803075"):
        find_structure("li3ycl6")


def test_structure_is_found_by_name_or_path(tmp_path: Path) -> None:
    assert find_structure("lif") is reference_structure("lif")
    copy = tmp_path / "mine.cif"
    copy.write_text(reference_path("lif").read_text())
    assert find_structure(copy) == find_structure(str(copy)) == read_cif(copy)


def test_absent_data_folder_is_reported() -> None:
    with pytest.raises(MissingPartError, match="install it again"):
        data_folder("no_such_folder")
