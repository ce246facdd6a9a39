"""gunicorn's own lines in the site's form: JSON, and no link that opens somebody's work."""

import logging
import re
from typing import Any

from gunicorn import glogging

from config.logs import JsonFormatter, RequestIdFilter

# "Invalid request from ip=203.0.113.9: ...": the address is nobody's business.
ADDRESS = re.compile(r"\bip=\S+?(?=:? |$)")


class Lines(JsonFormatter):
    def format(self, record: logging.LogRecord) -> str:
        return ADDRESS.sub("ip=[address]", super().format(record))


class Logger(glogging.Logger):  # type: ignore[misc]
    """Its lines on faults name the address that was asked for; ours is taken out of them."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for log in (self.error_log, self.access_log):
            for handler in log.handlers:
                handler.setFormatter(Lines())
                handler.addFilter(RequestIdFilter())
