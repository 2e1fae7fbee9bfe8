"""How often a key may ask, and the headers that tell it."""

from __future__ import annotations

import math
import time

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter

from talkies.errors import TooManyRequests
from talkies.keys import Key
from talkies.server.metrics import Metrics

WINDOW_S = 60


class RateLimit:
    """Requests per minute of each key, counted in this process. `default` holds for keys without their own.

    The counters live on the event loop: the storage for threads would start one every few milliseconds.
    A window begins with a key's first request, so whoever waits as long as `Retry-After` says is let in.
    """

    def __init__(self, default: int, metrics: Metrics) -> None:
        self._default = default
        self._metrics = metrics
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    async def spend(self, key: Key, headers: dict[str, str]) -> None:
        """Count one request and write the rate headers: the published ones, and those of the IETF draft.

        Source: draft-ietf-httpapi-ratelimit-headers-11.

        Raises:
            TooManyRequests: the key has none left.
        """
        limit = key.limits.requests_per_minute or self._default
        item = RateLimitItemPerMinute(limit)
        allowed = await self._limiter.hit(item, key.id)
        window = await self._limiter.get_window_stats(item, key.id)
        wait_s = max(1, math.ceil(window.reset_time - time.time()))
        remaining = max(0, window.remaining)
        headers |= {
            "X-RateLimit-Limit": str(limit),
            "X-RateLimit-Remaining": str(remaining),
            "X-RateLimit-Reset": str(math.ceil(window.reset_time)),
            "RateLimit-Policy": f'"requests";q={limit};w={WINDOW_S}',
            "RateLimit": f'"requests";r={remaining};t={wait_s}',
        }
        if not allowed:
            self._metrics.rate_limited.inc()
            raise TooManyRequests(
                f"requests: all {limit} of this minute are used; try again in {wait_s} s", wait_s
            )
