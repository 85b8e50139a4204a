"""Did it work: before and after, against a comparison, with the design's limits said."""
