"""Documents beside a pushed image."""

import pytest

from jettison.errors import LimitError, RemoteError
from jettison.slim.attached import attach_documents, in_registries
from jettison.slim.result import PublishedImage
from jettison.stores.registry import referrers

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize("failure", [RemoteError("no connection"), LimitError("too many documents")])
def test_a_failure_says_that_the_image_is_there(monkeypatch, failure):
    """Who reads only the last line must not push again what is pushed."""

    def fail(*_: object) -> None:
        raise failure

    monkeypatch.setattr(referrers, "attach", fail)
    with pytest.raises(
        RemoteError, match=r"docker://r\.example/app:1 is published; .* could not be attached"
    ):
        attach_documents([PublishedImage("docker://r.example/app:1", DIGEST)], {"sbom.cdx.json": b"{}"})


def test_only_registries_keep_documents():
    published = [PublishedImage("oci:x:1", DIGEST), PublishedImage("docker://r.example/app:1", DIGEST)]
    assert in_registries(published) == published[1:]
