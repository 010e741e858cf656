"""The landing folder: which files belong to an instance, and how they are opened."""

import gzip
import hashlib

import pytest

from pipelines.config import ConfigurationError, SourceInstance
from pipelines.landing import (
    claimed_files,
    damage,
    landing_file,
    list_files,
    read_chunks,
    unclaimed_files,
)


def instance(path="shop/**/*.json*", name="shop"):
    return SourceInstance(name=name, kind="shopify", entity_id="DE01", path=path)


def put(folder, name, content=b"{}"):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_files_are_sorted_by_their_path_below_the_landing_folder(tmp_path):
    for name in ("shop/b.json", "shop/a/z.json", "shop/a.json", "other/x.json"):
        put(tmp_path, name)
    found = [path.relative_to(tmp_path).as_posix() for path in list_files(tmp_path, instance())]
    assert found == ["shop/a.json", "shop/a/z.json", "shop/b.json"]


def test_hidden_and_unfinished_files_are_left_alone(tmp_path):
    for name in ("shop/.a.json", "shop/.tmp/b.json", "shop/c.json.part", "shop/d.jsonl.tmp"):
        put(tmp_path, name)
    assert list_files(tmp_path, instance()) == []


def test_no_landing_folder_means_no_files(tmp_path):
    assert list_files(tmp_path / "none", instance()) == []
    assert unclaimed_files(tmp_path / "none", [instance()]) == []


def test_a_link_out_of_the_landing_folder_is_refused(tmp_path):
    secret = put(tmp_path / "outside", "secret.json")
    (tmp_path / "landing" / "shop").mkdir(parents=True)
    (tmp_path / "landing" / "shop" / "a.json").symlink_to(secret)
    with pytest.raises(ConfigurationError, match=r"shop/a\.json is a link"):
        list_files(tmp_path / "landing", instance())


def test_a_linked_folder_out_of_the_landing_folder_gives_no_files(tmp_path):
    put(tmp_path / "outside", "secret.json")
    (tmp_path / "landing" / "shop").mkdir(parents=True)
    (tmp_path / "landing" / "shop" / "more").symlink_to(tmp_path / "outside")
    for path in ("shop/**/*.json", "shop/*/*.json"):
        try:
            assert list_files(tmp_path / "landing", instance(path)) == []
        except ConfigurationError as error:
            assert "outside the landing folder" in str(error)


def test_a_file_belongs_to_one_entry_only(tmp_path):
    put(tmp_path, "shop/a.json")
    both = [instance(), instance("shop/*.json", "shop_too")]
    with pytest.raises(ConfigurationError, match=r"shop/a\.json is claimed by two entries"):
        claimed_files(tmp_path, both)


def test_files_that_nobody_reads_are_listed(tmp_path):
    put(tmp_path, "shop/a.json")
    put(tmp_path, "shop/readme.txt")
    put(tmp_path, "bank/b.xml")
    assert unclaimed_files(tmp_path, [instance()]) == ["bank/b.xml", "shop/readme.txt"]


def test_the_load_id_depends_on_source_name_and_content_only(tmp_path):
    first = landing_file(tmp_path, put(tmp_path, "shop/a.json", b"1"), instance())
    assert first.content_sha256 == hashlib.sha256(b"1").hexdigest()
    elsewhere = tmp_path / "elsewhere"
    again = landing_file(elsewhere, put(elsewhere, "shop/a.json", b"1"), instance())
    assert again.load_id == first.load_id
    copy = landing_file(tmp_path, put(tmp_path, "shop/b.json", b"1"), instance())
    changed = landing_file(tmp_path, put(tmp_path, "shop/a.json", b"2"), instance())
    assert len({first.load_id, copy.load_id, changed.load_id}) == 3


def test_gzip_is_recognised_by_content_and_its_damage_is_found(tmp_path):
    packed = gzip.compress(b"x" * 5_000_000)
    whole = put(tmp_path, "a.json", packed)
    cut = put(tmp_path, "b.json.gz", packed[: len(packed) // 2])
    wrong = put(tmp_path, "c.json.gz", packed[:-6] + b"\0" * 6)
    assert b"".join(read_chunks(whole)) == b"x" * 5_000_000
    assert damage(whole) is None
    assert "EOFError" in str(damage(cut))
    assert damage(wrong) is not None
