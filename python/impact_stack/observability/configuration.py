"""What an app's configuration only seems to say: it is told when the app is set up."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from . import logger

# By from_mapping(os.environ), say.
_TEXTS_THAT_READ_AS_NO = {"false", "no", "off", "none", "null", "0"}


def look_over(
    config: Mapping[str, Any], names: Collection[str], switches: Collection[str], what: str
) -> None:
    """Warn of keys that nearly are those of a setting, and of switches that are texts.

    `names` are all settings of `what`, which begin with one word, and `switches` those that are
    true or false.
    """
    known = {*names, *switches}
    beginning = next(iter(known))[:3]
    for key in config:
        if isinstance(key, str) and key.startswith(beginning) and key not in known:
            _say_if_misspelt(key, known, what)
    for key in switches:
        value = config.get(key)
        if isinstance(value, str) and value.strip().lower() in _TEXTS_THAT_READ_AS_NO:
            logger.warning("%s is the text %r, which is true: set it to False or True", key, value)


def _say_if_misspelt(key: str, known: Collection[str], what: str) -> None:
    import difflib  # few need it

    for meant in difflib.get_close_matches(key, known, 1, 0.85):
        logger.warning("%s is no setting of %s, and does nothing; %s is one", key, what, meant)
