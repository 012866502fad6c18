"""Interfaces between two crystals: lattice mismatch, surfaces, coincident cells, slabs."""
