"""Starts, watches and stops operating-system processes for the worker launcher port."""
