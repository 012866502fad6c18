"""The report of a refinement, and the folder that holds everything it found."""
