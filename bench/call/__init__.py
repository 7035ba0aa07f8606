"""The station's call beside a call between two Chromiums; see :mod:`bench.call.run`."""
