"""Is the web process of this container ready? Asked as nginx would ask, with Python alone."""

import os
import sys
from http.client import HTTPConnection, HTTPException

host = os.environ["ALLOWED_HOSTS"].split(",")[0].strip().lstrip(".")
port = int(os.environ.get("WEB_BIND", "0.0.0.0:8000").rpartition(":")[2])
connection = HTTPConnection("127.0.0.1", port, timeout=5)
try:
    connection.request("GET", "/readyz", headers={"Host": host, "X-Forwarded-Proto": "https"})
    answered = connection.getresponse().status
except (OSError, HTTPException) as error:
    sys.exit(f"no answer: {error}")
finally:
    connection.close()
sys.exit(0 if answered == 200 else f"answered {answered}")
