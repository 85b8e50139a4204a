"""The data dictionary: canonical tables, publishers' sources, codelists; reading and checking."""
