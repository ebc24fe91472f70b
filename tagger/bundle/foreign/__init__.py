"""Models from elsewhere: what they are, how their graphs are cut, the layouts they come in."""
