"""Checks attachments against what the nodes say their worker classes take."""
