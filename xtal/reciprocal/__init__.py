"""Reciprocal-lattice projections: one crystal seen along any direction, several overlaid, and how well they coincide.

Frame: a along e1, c* along e3, right-handed; reciprocal vectors without 2π, so that |g| = 1/d (see `xtal.reciprocal.view`).
"""

from .alignment import parse_alignment
from .angles import angle_between_directions, angle_between_normal_and_direction, angle_between_normals
from .indices import hkil_from_hkl, parse_indices, uvtw_from_uvw, written
from .intensities import Probe, electron_wavelength
from .lattice_points import LatticePoints, calculate_lattice_points
from .overlay import Overlay, overlay
from .pairs import Mismatch, Pairs, overlap_score, pair_spots
from .reciprocal_space_map import MapPoints, ReciprocalSpaceMap, reciprocal_space_map
from .rotation_scan import RotationScan, angle_range, scan_rotation
from .row_profile import RowProfile, row_profile
from .spots import Projection, project, project_points, project_views
from .stereographic import PoleFigure, Stereogram, pole_figure, stereogram
from .tables import pair_rows, projections_csv, projections_json, spot_rows
from .view import FRAME, View, nearest_zone_axis

__all__ = [
    "FRAME",
    "LatticePoints",
    "MapPoints",
    "Mismatch",
    "Overlay",
    "Pairs",
    "PoleFigure",
    "Probe",
    "Projection",
    "ReciprocalSpaceMap",
    "RotationScan",
    "RowProfile",
    "Stereogram",
    "View",
    "angle_between_directions",
    "angle_between_normal_and_direction",
    "angle_between_normals",
    "angle_range",
    "calculate_lattice_points",
    "electron_wavelength",
    "hkil_from_hkl",
    "nearest_zone_axis",
    "overlap_score",
    "overlay",
    "pair_rows",
    "pair_spots",
    "parse_alignment",
    "parse_indices",
    "pole_figure",
    "project",
    "project_points",
    "project_views",
    "projections_csv",
    "projections_json",
    "reciprocal_space_map",
    "row_profile",
    "scan_rotation",
    "spot_rows",
    "stereogram",
    "uvtw_from_uvw",
    "written",
]
