"""Variables that GSAS-II would refine with others although the stage keeps them."""

from __future__ import annotations

from .cells import ORTHOGONAL_AXES
from .checks import check_site_symmetry
from .errors import unsupported
from .parameter import Parameter
from .session import Session


def coordinate_holds(session: Session, free: set[str]) -> list[str]:
    """Coordinates GSAS-II would vary with their atom although the stage keeps them fixed."""
    holds = []
    for phase in session.phases:
        for number, record in enumerate(phase.data["Atoms"]):
            names = [f"{phase.id}::dA{axis}:{number}" for axis in "xyz"]
            terms = [int(t) for t in session.g2.spacegroups.GetCSxinel(record[7])[0]]
            dotted = {p.variable: p.dotted for p in session.table.values()}
            for axis, name in enumerate(names):
                if name in free:
                    check_site_symmetry(dotted[name], terms, axis)
            wanted = {terms[i] for i, name in enumerate(names) if name in free}
            if wanted:
                firsts = {t: terms.index(t) for t in terms if t and t not in wanted}
                holds += [names[i] for i in firsts.values()]
    return holds


def cell_holds(session: Session, free: set[str]) -> list[str]:
    """Reciprocal terms to hold when only some axes of an orthogonal cell are free."""
    holds = []
    for phase in session.phases:
        laue = phase.data["General"]["SGData"]["SGLaue"]
        cells = [p for p in session.table.values() if is_cell_of(p, phase.id)]
        wanted = [p for p in cells if p.dotted in free]
        rest = [p for p in cells if p.dotted not in free]
        if not wanted or not rest:
            continue
        if laue not in ORTHOGONAL_AXES:
            raise unsupported(
                f"{rest[0].dotted} is fixed while {wanted[0].dotted} is free: GSAS-II refines "
                f"the whole cell of an oblique lattice"
            )
        holds += [p.variable for p in rest if p.index < 3]
    return holds


def is_cell_of(parameter: Parameter, phase_id: int) -> bool:
    """True for a cell parameter of the phase."""
    return parameter.kind == "cell" and parameter.variable.startswith(f"{phase_id}::")
