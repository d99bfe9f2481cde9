"""Weather services: pure translation between their shapes and ours."""
