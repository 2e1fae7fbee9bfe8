"""How often a key may ask, how much at once, and the headers that tell it. All counted in this process."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter

from talkies.errors import TooManyRequests
from talkies.keys import Key
from talkies.server.metrics import Metrics

WINDOW_S = 60
RETRY_S = 2.0  # an upload takes seconds


class RateLimit:
    """Requests per minute of each key; `default` holds for keys without a number of their own.

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


class UploadLimit:
    """Uploads that each key may have under way at once."""

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._under_way: Counter[str] = Counter()

    @contextmanager
    def upload(self, key: Key) -> Iterator[None]:
        """Count an upload for as long as the block lasts.

        Raises:
            TooManyRequests: as many are under way as may be.
        """
        if self._under_way[key.id] >= self._at_once:
            raise TooManyRequests(
                f"uploads: {self._at_once} of this key are under way; send this one when they are done",
                RETRY_S,
            )
        self._under_way[key.id] += 1
        try:
            yield
        finally:
            self._under_way[key.id] -= 1
            self._under_way += Counter()  # forgets the keys at zero
