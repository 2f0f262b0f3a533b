"""Reports as one file that needs nothing else. Pure: knows neither store nor network nor clock."""

from ml_backend.reporting.report_html import run_page

__all__ = ["run_page"]
