"""For ``gunicorn _wsgi:app`` in this folder, where ``gunicorn.conf.py`` has the options."""

from ml_backend.web.serve import application_from_environment

app = application_from_environment()
