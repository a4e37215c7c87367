"""The demonstration: the case the project began with, played on this machine alone."""
