"""``python -m ml_backend`` is ``ls-prompts``."""

from ml_backend.cli import main

if __name__ == "__main__":
    main()
