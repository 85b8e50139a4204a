"""Scan, analyse, respond, assess: one function a question, from a study to a finding."""
