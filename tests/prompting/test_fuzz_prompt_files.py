"""Whatever a prompt file holds: a prompt, read and written as it was, or a line that is wrong."""

from __future__ import annotations

import pytest

from ml_backend.prompting.prompt_file import write
from ml_backend.prompting.prompt_file_reader import FileProblem, read
from support.fuzzing import Fuzz, mangled

SHORT = """\
title: A
versions:
- title: V1
  provider: Custom
  model: m
  prompt: Which? {text}
"""
LONG = """\
title: A
description: d
active: V1
versions:
- title: V1
  provider: OpenAI
  model: m
  connection: Team
  few_shot: 5
  parameters:
    seed: 7
    stop: ['1', "x"]
  system_prompt: |-
    Briefly.
  prompt: |
    Which?

      {text}
- {title: V2, provider: Custom, model: m, refined: true, refined_from: V1, prompt: a}
"""
FLOW = """\
%YAML 1.2
---
{title: A, versions: [{title: V, provider: Custom, model: m, prompt: x}]}
...
"""
FILES = [each.encode() for each in (SHORT, LONG, FLOW)]


@pytest.mark.slow
@pytest.mark.fuzz
def test_any_prompt_file_is_read_and_written_alike_or_refused_by_its_line(fuzz: Fuzz) -> None:
    def law(content: bytes) -> None:
        text = content.decode("utf-8", "surrogateescape")
        try:
            found = read(text)
        except FileProblem as error:
            fuzz.watch.refused(error)
            return
        fuzz.watch.counts["read"] += 1
        assert write(read(write(found))) == write(found)

    fuzz(law, 400, content=mangled(FILES))
