"""What is measured: each scenario's `rows` starts what it needs, and gives its figures."""
