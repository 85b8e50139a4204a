"""What may load and what may leave: sharing records, pseudonyms, hand-back, policies, release."""
