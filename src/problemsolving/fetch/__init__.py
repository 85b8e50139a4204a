"""Fetching open data from their publishers: resumable, checked, polite and distrustful."""
