r"""Pair distribution functions: simulated, fitted, compared; reduced from data; the local order of what is amorphous.

Conventions (D. A. Keen, J. Appl. Cryst. 34 (2001) 172, in the names that PDFgui uses): :math:`G(r) = 4\pi r (\rho(r) - \rho_0)` in Å⁻²,
:math:`R(r) = 4\pi r^2 \rho(r) = r\,G(r) + 4\pi r^2 \rho_0` in Å⁻¹, lengths in Å, Q in Å⁻¹, displacements as U in Å², densities in atoms Å⁻³.
Densities are weighted by scattering power, :math:`b_i b_j / \langle b \rangle^2`.

`simulate` is this project's own; `fit` goes through PDFfit2 in a child process.
"""
