"""The networks that settings can make, by name."""

import inspect

from .. import networks
from .network import AbstractNetwork

NETWORKS: dict[str, type[AbstractNetwork]] = {
    name: network
    for name, network in vars(networks).items()
    if inspect.isclass(network) and issubclass(network, AbstractNetwork)
    if not inspect.isabstract(network)
}
"""The networks of the package, all of which settings can make."""
