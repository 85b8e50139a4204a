"""How much, where, when, to whom: measures on frames and arrays, usable on anyone's data."""
