"""Thin HTTP: parse, call one operation, render; errors are mapped in one table."""
