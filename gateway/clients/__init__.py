"""The ways in which clients speak to a gateway, all on the same hub."""
