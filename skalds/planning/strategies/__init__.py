"""Interchangeable rules for choosing a node, one per file, registered in one literal map."""
