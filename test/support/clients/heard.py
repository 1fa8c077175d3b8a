"""Everything that a client library complains of while it runs: log records from WARNING on, and Python's warnings."""

import logging
import warnings


def listen():
    """Begins to listen, after the imports; the list that is answered grows."""
    heard = []

    class Keep(logging.Handler):
        def emit(self, record):
            heard.append(f"{record.name}: {record.getMessage()}")

    logging.getLogger().addHandler(Keep(level=logging.WARNING))
    warnings.simplefilter("always")
    logging.captureWarnings(True)
    return heard
