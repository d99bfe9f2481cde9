"""The peers' own server programs, each the one that its documentation leads to. They know nothing of the benchmark."""
