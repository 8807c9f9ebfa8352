"""Methods that know functions of arrays only: no network, no task, no system."""
