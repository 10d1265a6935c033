"""Benchmarks of the stream worker beside alternatives: `make bench`; the figures are in docs/speed.md."""
