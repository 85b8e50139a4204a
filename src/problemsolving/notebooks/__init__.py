"""Templates, parameters, papermill runs and their records."""
