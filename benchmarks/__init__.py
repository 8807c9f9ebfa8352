"""What Separatrix measures of itself and of its peers; see benchmarks/README.md."""
