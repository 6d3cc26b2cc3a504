"""Digits and the split that all picture sets share."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

import dlexplain.data.sets  # noqa: F401, registers digits
from dlexplain.data.base import DATA, PictureData, digest_of, silent, split_off
from dlexplain.params import parse


def load() -> PictureData:
    data = DATA["digits"].load(parse(DATA["digits"].Params, {}), Path("unused"), silent)
    assert isinstance(data, PictureData)
    return data


def test_every_digit_is_in_one_split_with_its_label() -> None:
    data, bunch = load(), load_digits()
    expected = sorted(
        (int(label), np.round(picture / 16 * 255).astype(np.uint8).tobytes())
        for label, picture in zip(bunch.target, bunch.images, strict=True)
    )
    found = sorted(
        (int(label), pixels.tobytes())
        for part in (data.train, data.validation, data.test)
        for label, pixels in zip(part.labels, part.pixels, strict=True)
    )
    assert found == expected
    assert data.side == 8 and data.channels == 1 and data.classes == tuple("0123456789")


def test_parts_are_a_fifth_and_a_tenth_of_the_rest_of_each_digit() -> None:
    data = load()
    every = np.bincount(load_digits().target)
    test = np.bincount(data.test.labels)
    validation = np.bincount(data.validation.labels)
    np.testing.assert_array_equal(test, np.round(every * 0.2))
    np.testing.assert_array_equal(validation, np.round((every - test) * 0.1))
    assert load().digest == data.digest
    assert (load().test.pixels == data.test.pixels).all()


def test_normalising_numbers_are_the_training_parts() -> None:
    data = load()
    values = data.train.pixels.astype(float)
    assert data.pixel_mean == pytest.approx(values.mean())
    assert data.pixel_scale == pytest.approx(values.std())


def test_split_off_by_hand() -> None:
    labels = np.array([0] * 10 + [1] * 5 + [2] * 2 + [3], np.int64)
    rest, part = split_off(labels, 0.2)
    assert np.bincount(labels[part], minlength=4).tolist() == [2, 1, 1, 0]
    assert sorted([*rest, *part]) == list(range(18))
    assert (np.diff(rest) > 0).all() and (np.diff(part) > 0).all()
    assert (split_off(labels, 0.2)[1] == part).all()
    assert (split_off(labels, 0.2, seed=1)[1] != part).any()


def test_split_off_keeps_one_on_both_sides() -> None:
    labels = np.array([0, 0, 1, 1], np.int64)
    for share in (0.01, 0.99):
        rest, part = split_off(labels, share)
        assert labels[rest].tolist() == labels[part].tolist() == [0, 1]
    rest, part = split_off(labels, 0.0)
    assert rest.tolist() == [0, 1, 2, 3] and part.tolist() == []
    assert [len(p) for p in split_off(np.empty(0, np.int64), 0.5)] == [0, 0]


def test_a_digest_tells_values_shapes_and_types_apart() -> None:
    flat = np.arange(6, dtype=np.uint8)
    digests = {
        digest_of(flat),
        digest_of(flat.reshape(2, 3)),
        digest_of(flat.view(np.int8)),
        digest_of(flat[::-1]),
        digest_of(flat, flat),
    }
    assert len(digests) == 5
    assert digest_of(flat.reshape(2, 3)) == digest_of(flat.reshape(3, 2).T.copy().T.reshape(2, 3))
