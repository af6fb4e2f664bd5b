"""Real MongoDB, Redis and Kafka servers for development and tests: found or started, awaited, broken and stopped."""
