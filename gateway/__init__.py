"""Pushes publications to browsers and answers what they ask."""
