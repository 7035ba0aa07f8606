"""Measurements, side by side with a peer on the same machine in the same run.

``python -m bench [call|screen]`` prints one JSON line for each figure on standard output and its progress on standard
error. A figure that has a peer carries the peer's value and the ratio ours / peer's: on another machine, or beside
other work, the values move and the ratios mostly stay.
"""
