"""The GPU engine's parts: CUDA source, layout of the networks, machines that run it."""
