"""What may load and what may leave: sharing records, policies, release."""
