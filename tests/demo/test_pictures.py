"""One picture per privilege, as LINE's cards want them: 20:13, at most 1024 pixels wide, light."""

from __future__ import annotations

from PIL import Image

from demo.draw import FOLDER, SIZE, SKIES
from demo.privileges import privileges


def test_every_privilege_has_a_picture_of_the_right_size_and_weight() -> None:
    """JPEG, 1020×663, under 200 kB, and not one flat colour."""
    for privilege in privileges():
        file = FOLDER / f"{privilege['id']}.jpg"
        assert file.stat().st_size < 200_000, file.name
        with Image.open(file) as picture:
            assert (picture.format, picture.size) == ("JPEG", SIZE)
            assert len(set(picture.resize((64, 42)).get_flattened_data())) > 200, file.name


def test_pictures_and_drawings_are_those_of_the_privileges() -> None:
    """No picture without a privilege, no picture without its drawing."""
    ids = {privilege["id"] for privilege in privileges()}
    assert {file.stem for file in FOLDER.glob("*.jpg")} == ids
    assert {file.stem for file in (FOLDER / "drawings").glob("*.svg")} == ids == set(SKIES)
    assert SIZE[0] * 13 == SIZE[1] * 20
