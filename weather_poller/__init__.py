"""Appends observations from public weather services."""
