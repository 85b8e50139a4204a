"""A partnership with planted truths: data that meet the dictionary, and the answer sheet."""
