"""The window: everything Qt."""

from tagger.app.immortal_none import keep_none_alive

keep_none_alive()
