"""NeuroGym's environments as tasks."""

from .task import NeuroGymTask, from_neurogym, named_environment

__all__ = ["NeuroGymTask", "from_neurogym", "named_environment"]
