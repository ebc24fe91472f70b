"""The dialogs: each is opened by `open_<name>(window)` from an entry of the table of actions."""
