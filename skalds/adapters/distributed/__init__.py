"""MongoDB, Kafka and Redis as one engine: the only package that knows more than one of them."""
