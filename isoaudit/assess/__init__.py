"""Says how a boundary would be crossed and how strong it is: ways out, score, wall, verdict."""

from isoaudit.assess.assessor import Assessor, load_assessor, model_version

__all__ = ["Assessor", "load_assessor", "model_version"]
