"""NeuroGym's environments as tasks."""

from .task import NeuroGymTask, from_neurogym

__all__ = ["NeuroGymTask", "from_neurogym"]
