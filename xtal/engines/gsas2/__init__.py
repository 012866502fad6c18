"""The worker that runs GSAS-II; a package of the interpreter that GSAS-II lives in.

Standard library, numpy and GSAS-II only, nothing of xtal: outside of tests it is imported from its folder, not as a
part of xtal. All units outside this package are those of xtal (degrees, Å, Å², mm, nm); centidegrees, micrometres and
reciprocal-metric terms exist only in here. What cannot be said to GSAS-II is refused with an ``unsupported`` event
which names the dotted parameter; nothing of a task is dropped in silence.
"""
