"""Frozen, validated settings and the public enums; nothing else reads the environment."""
