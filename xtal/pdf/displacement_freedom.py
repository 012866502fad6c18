"""What `xtal.displacement_freedom` holds, under its former name."""

from ..displacement_freedom import U_NAMES, anisotropic_site, free_tensors

__all__ = ["U_NAMES", "anisotropic_site", "free_tensors"]
