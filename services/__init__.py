"""What every Windsock service shares. Imports no other room."""
