"""Protocols, metrics, confidence intervals and the HTML report."""
