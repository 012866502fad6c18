"""The native refinement engine: the forward model of `xtal.diffraction` with exact derivatives and bounded least squares."""

from .refinement import refine_task
from .refusals import NativeError

__all__ = ["NativeError", "refine_task"]
