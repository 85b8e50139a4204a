"""Networks beside others: what chance would give with the same number of ties, another network, another wave."""
