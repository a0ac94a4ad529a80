"""Ping-pong in a closed loop: a package with a plug-in input and a readout, and the network that learns it."""
