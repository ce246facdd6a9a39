"""The endpoint that the environment names, for the systems that ask a language model.

Only for the command line and the library's songs: what a visitor brings leaves this site for
nobody.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from modeling.endpoint.client import Endpoint


@contextmanager
def configured_endpoint(store: Path, seed: int) -> Iterator["Endpoint | None"]:
    """The endpoint with its store and budget; None where the environment names none.

    Raises:
        EndpointError: the environment's description of it does not fit.
    """
    from modeling.endpoint.environment import budget_usd_from, connection_from

    connection = connection_from(os.environ)
    if connection is None:
        yield None
        return
    # Heavy, and not needed by anything else.
    from modeling.endpoint.client import Endpoint

    budget_usd = budget_usd_from(os.environ)
    with Endpoint(connection, store, budget_usd, np.random.default_rng(seed)) as endpoint:
        yield endpoint
