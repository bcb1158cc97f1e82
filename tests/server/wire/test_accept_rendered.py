"""Which image type is sent, and in how many parts, for each shape of a rendered resource (PS3.18 8.7.4)."""

import pytest

from reference_server.dicomweb.accept import parse_accept
from reference_server.dicomweb.accept_rendered import Shape, choose_rendered
from reference_server.errors import NotAcceptable

STILL, MOVING, LONG, STILLS = Shape.STILL, Shape.MOVING, Shape.LONG, Shape.STILLS


@pytest.mark.parametrize(
    ("shape", "accept", "media_type", "multipart"),
    [
        (STILL, None, "image/jpeg", False),
        (MOVING, None, "image/gif", False),
        (LONG, None, "image/jpeg", True),
        (STILLS, None, "image/jpeg", True),
        (STILL, "image/*", "image/jpeg", False),
        (MOVING, "image/*", "image/gif", False),
        (LONG, "image/*", "image/jpeg", False),
        (MOVING, "image/png", "image/png", False),
        (LONG, "image/jp2", "image/jp2", False),
        (MOVING, "image/gif;q=0, image/*", "image/jpeg", False),
        (STILLS, "multipart/related", "image/jpeg", True),
        (STILLS, 'multipart/related; type="image/*"', "image/jpeg", True),
        (STILL, "multipart/related; type=image/GIF", "image/gif", True),
        (STILLS, 'image/jpeg, multipart/related; type="image/png"', "image/png", True),
        (STILLS, 'multipart/related; type="image/jpeg"; q=0, */*;q=0.1', "image/png", True),
    ],
)
def test_the_best_that_fits_the_shape_is_chosen(
    shape: Shape, accept: str | None, media_type: str, *, multipart: bool
) -> None:
    choice = choose_rendered(parse_accept(accept), shape)
    assert (choice.media_type, choice.multipart) == (media_type, multipart)


@pytest.mark.parametrize(
    ("shape", "accept"),
    [
        (STILL, "image/tiff"),
        (STILL, "*/*;q=0"),
        (LONG, "image/gif"),
        (STILLS, "image/jpeg"),
        (STILLS, "image/*"),
        (STILLS, 'multipart/related; type="application/dicom"'),
    ],
)
def test_what_does_not_fit_is_refused_with_what_would(shape: Shape, accept: str) -> None:
    with pytest.raises(NotAcceptable, match="image/png"):
        choose_rendered(parse_accept(accept), shape)
