"""A partnership with planted truths: data that meet the dictionary, and ``truth.json`` with what was planted."""
