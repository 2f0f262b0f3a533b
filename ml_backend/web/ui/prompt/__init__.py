"""The page of one prompt: editor, runs, versions, history."""
