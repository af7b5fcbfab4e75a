"""impact: health checks and OpenTelemetry tracing for Flask apps, on a C core."""

import atexit
import logging

from . import _core

logger = logging.getLogger("impact_stack.observability")

# impact_severity
_LEVELS = {1: logging.INFO, 2: logging.WARNING, 3: logging.ERROR}


def _log_diagnostic(severity: int, message: str, suppressed: int) -> None:
    """Log what the C core has to say about itself."""
    if suppressed:
        message = f"{message} ({suppressed} like this were not logged)"
    logger.log(_LEVELS.get(severity, logging.WARNING), "%s", message)


_core.report_diagnostics_to(_log_diagnostic)
# The core's threads may outlive the interpreter.
atexit.register(_core.report_diagnostics_to, None)
