"""Measures the figures the design promises, as ratios against references of the same run."""
