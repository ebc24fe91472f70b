"""Icons: Material Design Icons (Apache-2.0), through qtawesome, in the theme's colours."""

from __future__ import annotations

from PySide6.QtGui import QIcon, QPixmap

_NAMES = {
    "open": "folder-open-outline",
    "import": "tray-arrow-down",
    "export": "tray-arrow-up",
    "problem": "alert-circle-outline",
    "settings": "cog-outline",
    "undo": "undo",
    "redo": "redo",
    "confirm": "check",
    "review": "check-all",
    "reject": "close",
    "unsure": "help",
    "none": "cancel",
    "add": "plus",
    "loupe": "magnify-plus-outline",
    "grid": "view-grid-outline",
    "next": "chevron-right",
    "previous": "chevron-left",
    "refresh": "refresh",
    "schema": "tag-multiple-outline",
    "preset": "shape-outline",
    "train": "school-outline",
    "models": "brain",
    "pause": "pause",
    "resume": "play",
    "search": "magnify",
    "keys": "keyboard-outline",
    "all": "image-multiple-outline",
    "unseen": "eye-off-outline",
    "suggested": "star-four-points-outline",
    "unreviewed": "checkbox-blank-circle-outline",
    "reviewed": "check-circle-outline",
    "audit": "scale-balance",
    "label": "tag-outline",
    "group": "tag-multiple-outline",
    "folded": "chevron-right",
    "unfolded": "chevron-down",
    "ascending": "sort-ascending",
    "descending": "sort-descending",
    "smaller": "image-size-select-small",
    "larger": "image-size-select-large",
    "photo": "image-outline",
    "broken": "image-broken-variant",
    "sliders": "tune-variant",
    "more": "dots-horizontal",
    "sidebar": "dock-left",
    "panel": "dock-right",
    "folder": "folder-outline",
    "saved": "cloud-check-outline",
    "quit": "exit-to-app",
    "rejected": "tag-off-outline",
    "window": "fullscreen",
}


def icon(name: str, colour: str) -> QIcon:
    """Return one of our icons in a colour (`#rrggbb`)."""
    import qtawesome  # reads its fonts on import, which the first paint need not wait for

    return qtawesome.icon(f"mdi6.{_NAMES[name]}", color=colour)


def pixmap(name: str, colour: str, size: int, ratio: float = 1.0) -> QPixmap:
    """Return one of our icons as a picture of `size` logical pixels."""
    made = icon(name, colour).pixmap(round(size * ratio), round(size * ratio))
    made.setDevicePixelRatio(ratio)
    return made
