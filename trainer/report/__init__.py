"""The report on a new model: judged beside the old one, drawn, and written as JSON and a page."""
