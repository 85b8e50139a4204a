"""`open_study`: problem and sharing records become checked tables with provenance. Data come in here alone."""

from problemsolving.study.core import Study, delivery_key
from problemsolving.study.opening import HISTORY, open_study

__all__ = ["HISTORY", "Study", "delivery_key", "open_study"]
