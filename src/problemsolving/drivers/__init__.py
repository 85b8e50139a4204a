"""Why here, why now: rate models and decomposition of change."""
