"""Who works with whom, and where people wait."""
