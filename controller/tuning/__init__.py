"""Identification and design: a safe experiment, models with confidence, a proposal.

Pure: measurements in, duties out; no file, socket, clock or chance. `identify` takes any
plant object, `controller.tuning.procedure` puts the same experiment behind the kernel.
"""

from controller.tuning.experiment import Limits, TuningError
from controller.tuning.identify import Plant, identify
from controller.tuning.proposal import Proposal

__all__ = ["Limits", "Plant", "Proposal", "TuningError", "identify"]
