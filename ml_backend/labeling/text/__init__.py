"""Finding text again: quotes in a text, a document's text as the browser has it."""
