"""Health checks of a Flask app, or of any WSGI app (`wsgi`): register them here, ask for them over
HTTP."""

from typing import TYPE_CHECKING, Any

from . import checks
from .access_log import ProbeFilter

if TYPE_CHECKING:
    from .extension import Health

__all__ = ["Health", "ProbeFilter", "checks"]


def __getattr__(name: str) -> Any:
    """Import the extension when it is asked for: the middleware needs no Flask."""
    if name != "Health":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .extension import Health

    return Health
