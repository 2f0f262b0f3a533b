"""Reports as one file that needs nothing else. Pure: knows neither store nor network nor clock."""

from ml_backend.reporting.page import run_page

__all__ = ["run_page"]
