"""Settings of all tests."""

import os

from hypothesis import HealthCheck, settings

# Properties are checked for what they say, not for how long a busy machine takes. Where a run decides about a commit,
# the examples are the same each time; elsewhere every run looks for new ones.
settings.register_profile(
    "skalds", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize="CI" in os.environ
)
settings.load_profile("skalds")

# Real servers, started by the first test that wants one.
pytest_plugins = ("skalds.testing.services.plugin",)
