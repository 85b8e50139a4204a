"""What would follow: journeys as a chain, limits of pathways, queues, scenarios."""
