"""Speed and quality against peers, one script each."""
