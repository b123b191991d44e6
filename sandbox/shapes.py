"""Names for the JSON that passes through every module of the sandbox.

Telegram's objects are kept as plain dictionaries: the server is also the yardstick of benchmarks, and
building a model for every answer would cost more than the rest of the request.
"""

from typing import Any

Json = dict[str, Any]
