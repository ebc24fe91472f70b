"""A desktop photo tagger: window, suggester and command line over one core."""

__version__ = "0.1.0"
