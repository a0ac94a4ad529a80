"""Bridges to other libraries: a strategy of Avalanche, a classifier of River, results as Mammoth's columns.

Each module imports its library when it is imported itself, and no other does.
"""
