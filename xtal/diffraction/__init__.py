"""Forward model of powder diffraction: reflections, intensities, profiles, patterns. numpy only; no engine is used."""

from .absorption import brindley_factor, brindley_factors, linear_absorption
from .background import Background, Hump, amorphous_halo, glass_hump, kapton_hump
from .families import is_absent, reflection_families
from .form_factors import dispersion, electron_form_factor, known_ions, neutron_length, xray_form_factor
from .fundamental_parameters import SlitOptics
from .phase_pattern import SimulatedPhase
from .phase_profile import PhaseProfile
from .reflections import Reflections, calculate_reflections
from .rivals import compare_models
from .simulate import Simulation, axis_points, simulate_pattern
from .structure_factors import calculate_structure_factors
from .texture import MarchDollase

__all__ = [
    "Background",
    "Hump",
    "MarchDollase",
    "PhaseProfile",
    "Reflections",
    "SimulatedPhase",
    "Simulation",
    "SlitOptics",
    "amorphous_halo",
    "axis_points",
    "brindley_factor",
    "brindley_factors",
    "calculate_reflections",
    "calculate_structure_factors",
    "compare_models",
    "dispersion",
    "electron_form_factor",
    "glass_hump",
    "is_absent",
    "kapton_hump",
    "known_ions",
    "linear_absorption",
    "neutron_length",
    "reflection_families",
    "simulate_pattern",
    "xray_form_factor",
]
