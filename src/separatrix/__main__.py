"""`python -m separatrix` is the command line."""

from .cli import main

main()
