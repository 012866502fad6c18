"""Refinement workflow: a job goes to an engine and comes back as a result."""
