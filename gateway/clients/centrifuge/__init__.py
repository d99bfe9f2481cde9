"""The Centrifuge client protocol: every official SDK connects without a library of ours."""
