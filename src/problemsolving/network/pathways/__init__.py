"""People's journeys across agencies: steps, waits, returns, clocks."""
