"""Read by gunicorn from the working directory: the options that `ls-prompts serve` uses too."""

from ml_backend.errors import PromptsError
from ml_backend.settings import Settings
from ml_backend.web.serve import options

try:
    globals().update(options(Settings.from_env()))
except PromptsError as error:
    raise SystemExit(str(error)) from error
