"""Set-up of the program from a checkout: environment, packages, starter model, sample photos.

Everything here runs on a bare Python 3.11 with nothing installed, before the environment exists.
"""
