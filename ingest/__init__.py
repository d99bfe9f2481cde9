"""Takes readings from devices and acknowledges them once they are stored."""
