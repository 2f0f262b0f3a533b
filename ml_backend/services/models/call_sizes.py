"""What calls of a prompt really cost, as parts of the most that each could have cost."""

from __future__ import annotations

LEARNED_FROM = 5
"""Calls after which their mean is believed …"""

MARGIN = 2.0
"""… and a call is thought to take so often as much."""

MEMORY = 50
"""The mean is that of about so many calls, so that it follows a prompt whose tasks grow."""


class Passed:
    """How far a connection's answers ever passed their limits of tokens: 1 is not at all."""

    def __init__(self) -> None:
        self.most = 1.0


class CallSize:
    """The running mean of what calls of one prompt cost; used from the event loop alone."""

    def __init__(self, passed: Passed | None = None) -> None:
        self._passed = passed or Passed()
        self._seen = 0
        self._priced = 0
        self._mean = 1.0
        self._under_way = 0

    @property
    def past(self) -> float:
        """The most that a call cost of what its limit of tokens allowed; at least 1."""
        return self._passed.most

    @property
    def is_first_under_way(self) -> bool:
        """Whether nothing is known yet, and will be in a moment."""
        return self._seen == 0 and self._under_way > 0

    def begin(self) -> None:
        self._under_way += 1

    def settle(self, worst: float, cost: float | None) -> None:
        """Learn from a call; one that cost nothing was refused, and says nothing."""
        self._under_way -= 1
        if cost is None or cost <= 0 or worst <= 0:
            self._seen = max(self._seen, 1)  # or all of a failing run would go one by one
            return
        part = cost / worst
        self._passed.most = max(self._passed.most, part)
        self._seen += 1
        self._priced += 1
        self._mean += (part - self._mean) / min(self._priced, MEMORY)

    def expected(self, worst: float) -> float:
        """Return what a call is thought to cost that could cost ``worst`` by its limit."""
        if self._priced < LEARNED_FROM:
            return worst * self.past
        return worst * min(MARGIN * self._mean, self.past)
