"""The network between agencies: how it is built, what it is as a whole, and where each agency stands in it."""
