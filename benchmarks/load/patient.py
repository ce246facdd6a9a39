"""A connection that sends again as the pages' scripts do, until it is answered.

`static/js/save-queue.js`: what is not answered within 20 s, a broken connection and any 5xx mean
"later": after 1 s, then 2, 4... up to 30 s. What is sent again is the same, byte for byte.
"""

import asyncio
from collections import Counter

from benchmarks.load.connection import Answer, Connection

FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 30.0
TIMEOUT_S = 20.0
LATER = (408, 429)


class PatientConnection(Connection):
    """`troubles` counts what was not answered, by status or by "broken" and "timeout"."""

    def __init__(self, port: int, headers: str, troubles: Counter[str]) -> None:
        super().__init__(port, headers)
        self.troubles = troubles

    async def request(self, method: str, path: str, body: bytes = b"", headers: str = "") -> Answer:
        wait_s = FIRST_WAIT_S
        while True:
            answer = await self._try(method, path, body, headers)
            if answer is not None:
                return answer
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)

    async def _try(self, method: str, path: str, body: bytes, headers: str) -> Answer | None:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                answer = await super().request(method, path, body, headers)
        except TimeoutError:
            self.close()
            self.troubles["timeout"] += 1
            return None
        except OSError:
            self.close()
            self.troubles["broken"] += 1
            return None
        if answer.status >= 500 or answer.status in LATER:
            self.troubles[str(answer.status)] += 1
            return None
        return answer
