"""Benchmarks: Windsock and its peers under the same load."""
