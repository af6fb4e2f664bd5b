"""What task authors subclass, and the child-process runner that calls their hooks."""
