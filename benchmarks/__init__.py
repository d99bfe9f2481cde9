"""Benchmarks: Windsock beside its peers, in one run, on one machine, under the same load.

They may import any room; no room imports them.
"""
