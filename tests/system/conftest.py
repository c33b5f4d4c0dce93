"""What the system tests share: the harness on the path, and docs/openapi.yaml, to which every exchange
with the API is held that a test has by the harness."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import harness  # noqa: E402
import openapi  # noqa: E402

harness.World.heard = staticmethod(openapi.File().saw)
