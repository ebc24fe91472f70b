"""Where the cells of the grid lie; plain arithmetic over rows and columns."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRect


@dataclass(frozen=True)
class GridGeometry:
    """A grid of `count` equal cells in a view of a given width.

    Attributes:
        count: number of cells.
        columns: cells per row.
        cell_width, cell_height: size of a cell in pixels.
        gap: free pixels around cells.
        photo_height: height of the photo's part of a cell; the caption has the rest.
    """

    count: int
    columns: int
    cell_width: int
    cell_height: int
    gap: int
    photo_height: int

    @classmethod
    def fit(cls, count: int, width: int, side: int, caption: int, gap: int) -> GridGeometry:
        """Return the geometry for cells about `side` wide that fill the view's width."""
        columns = max(1, round((width - gap) / (side + gap)))
        cell_width = max(32, (width - gap * (columns + 1)) // columns)
        photo_height = round(cell_width * 0.75)
        return cls(count, columns, cell_width, photo_height + caption, gap, photo_height)

    @property
    def rows(self) -> int:
        """Number of rows."""
        return -(-self.count // self.columns)

    @property
    def height(self) -> int:
        """Height of everything in pixels."""
        return self.rows * (self.cell_height + self.gap) + self.gap

    def rect(self, place: int) -> QRect:
        """Return where a cell lies, in the coordinates of the whole grid."""
        row, column = divmod(place, self.columns)
        left = self.gap + column * (self.cell_width + self.gap)
        top = self.gap + row * (self.cell_height + self.gap)
        return QRect(left, top, self.cell_width, self.cell_height)

    def place_at(self, x: int, y: int) -> int:
        """Return the cell at a point, −1 in a gap or past the last one."""
        column, in_x = divmod(x - self.gap, self.cell_width + self.gap)
        row, in_y = divmod(y - self.gap, self.cell_height + self.gap)
        if not 0 <= column < self.columns or in_x >= self.cell_width or in_y >= self.cell_height:
            return -1
        place = row * self.columns + column
        return place if 0 <= place < self.count else -1

    def between(self, top: int, bottom: int) -> range:
        """Return the cells whose rows touch a band of the grid."""
        step = self.cell_height + self.gap
        first = max(0, (top - self.gap) // step) * self.columns
        last = (max(0, bottom) // step + 1) * self.columns
        return range(min(first, self.count), min(last, self.count))

    def inside(self, band: QRect) -> list[int]:
        """Return the cells that a rubber band touches."""
        return [
            place
            for place in self.between(band.top(), band.bottom())
            if self.rect(place).intersects(band)
        ]
