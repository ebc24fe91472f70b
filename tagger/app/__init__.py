"""The window: everything Qt."""

from tagger.app.immortals import keep_constants_alive

keep_constants_alive()
