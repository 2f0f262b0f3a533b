"""The wrapper around a real Label Studio, without one."""

from __future__ import annotations

import pytest

from support.live_label_studio import LabelStudioDidNotStart, LiveLabelStudio


def test_label_studio_that_is_not_installed_says_how_to_name_one():
    with pytest.raises(LabelStudioDidNotStart, match="LS_EXECUTABLE"):
        LiveLabelStudio(executable="/nowhere/label-studio").__enter__()


def test_label_studio_that_ends_at_once_shows_its_log(tmp_path):
    executable = tmp_path / "label-studio"
    executable.write_text('#!/bin/sh\necho "no such option: $1"\nexit 3\n')
    executable.chmod(0o755)
    broken = LiveLabelStudio(executable=str(executable))
    with pytest.raises(LabelStudioDidNotStart, match="no such option: start"):
        broken.__enter__()
    assert not broken.data_dir.exists()
