"""The job: what a refinement is asked to do. `schema` is the file, `resolved` is what the engines get.

One dotted vocabulary names every parameter, in no engine's own words:
``pattern.zero``, ``pattern.displacement``, ``pattern.background.c0``, ``pattern.profile.u``, ``phase.NAME.scale``,
``phase.NAME.cell.a``, ``phase.NAME.crystallite_size_nm``, ``phase.NAME.microstrain``, ``phase.NAME.texture.r``,
``phase.NAME.site.LABEL.x``, ``…occupancy``, ``…u_iso``. In a job with several patterns ``pattern`` becomes ``pattern.NAME``.
"""

from .resolved import Job, JobPattern, JobPhase, Parameter, Peak, Restraint, Stage, Tie
from .schema import JOB_SCHEMA, JobFile, job_json_schema

__all__ = [
    "JOB_SCHEMA",
    "Job",
    "JobFile",
    "JobPattern",
    "JobPhase",
    "Parameter",
    "Peak",
    "Restraint",
    "Stage",
    "Tie",
    "job_json_schema",
]
