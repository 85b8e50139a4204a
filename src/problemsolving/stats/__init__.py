"""Statistics that several rooms need: intervals, count models, resampling."""
