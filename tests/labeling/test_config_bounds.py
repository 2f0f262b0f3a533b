"""A labeling config is written by whoever manages a project: it costs next to nothing to refuse."""

from __future__ import annotations

import pytest

from ml_backend.errors import ConfigError
from ml_backend.labeling import LabelingConfig

TEXT = '<Text name="text" value="$text"/>'
CHOICES = '<Choices name="c" toName="text"><Choice value="a"/></Choices>'
ENTITIES = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "lol"}">' for n in range(9))


def test_nothing_of_a_document_type_is_ever_read() -> None:
    for start in ("", "\ufeff", "\n <!-- a --><?b c?>\n", "<!--<!DOCTYPE-->" * 2000):
        for doctype in (
            f"<!DOCTYPE View [{ENTITIES}]>",
            '<!DOCTYPE View [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
            '<!DOCTYPE View SYSTEM "http://127.0.0.1:9/config.dtd">',
            '<!DOCTYPE View [<!ENTITY % p SYSTEM "http://127.0.0.1:9/p">%p;]>',
        ):
            for use in ('<View a="&e8;"/>', "<View>&x;</View>", "<View/>"):
                with pytest.raises(ConfigError, match="DOCTYPE"):
                    LabelingConfig.parse(f"{start}{doctype}{use}")


def test_one_that_only_writes_of_a_document_type_is_read() -> None:
    xml = f"<!-- no <!DOCTYPE here --><View>{TEXT}{CHOICES}</View>"
    assert list(LabelingConfig.parse(xml).controls) == ["c"]


@pytest.mark.slow
def test_what_is_beyond_all_measure_is_refused() -> None:
    attributes = " ".join(f'a{n}=""' for n in range(100_000))
    names = [f"n{n}" for n in range(600)]
    many = "".join(f'<Number name="{name}" toName="text"/>' for name in names)
    marks = "".join(
        f'<Labels name="{name}" toName="text"><Label value="a"/></Labels>' for name in names[:50]
    )
    about = "".join(f'<Number name="r{n}" toName="text" perRegion="true"/>' for n in names[:50])
    for xml, words in (
        (f"<View>{TEXT}{'<a></a>' * 40_000}</View>", "30,000 tags"),
        (f"<View {attributes}/>", "200 attributes"),
        ("<View>" + " " * 2_000_001 + "</View>", "2,000,000 characters"),
        ("<a>" * 5_000 + "</a>" * 5_000, "not valid XML"),
        ("&a;" * 9, "not valid XML"),
        (f"<View>{TEXT}{many}</View>", "500 tags that are answered"),
        (f"<View>{TEXT}{marks}{about}</View>", "400 pairs"),
    ):
        with pytest.raises(ConfigError, match=words):
            LabelingConfig.parse(xml)
