"""Every reader on files in the layout that its publisher uses."""

from __future__ import annotations

import csv
import gzip
import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store.errors import InputError, UnsafeInput
from store.readers import columnar, source
from store.readers.folder import open_dataset
from store.readers.source import SourceFile
from store.readers.titles import natural_title
from store.records import Event, EventKind, Item, Rejected, User

MOVIES = Path(__file__).parents[2].parent / "shared" / "data" / "movies"


def read(*paths: Path, **columns: str) -> tuple[list[Item], list[Event], list[Rejected]]:
    records = list(open_dataset(*paths, columns=columns).records())
    return (
        [record for record in records if isinstance(record, Item)],
        [record for record in records if isinstance(record, Event)],
        [record for record in records if isinstance(record, Rejected)],
    )


def rules(rejected: list[Rejected]) -> list[tuple[int, str]]:
    return [(row.line, row.reason.partition(":")[0]) for row in rejected]


class TestMovieLens:
    def test_100k(self, tmp_path: Path) -> None:
        flags = ["0"] * 19
        flags[1] = flags[5] = "1"
        film = "|".join(["1", "Toy Story (1995)", "01-Jan-1995", "", "http://us.imdb.com/x", *flags])
        accented = "|".join(["2", "Misérables, Les (1995)", "", "", "", "1", *["0"] * 18])
        (tmp_path / "u.item").write_bytes(f"{film}\n{accented}\nbroken|row\n".encode("latin-1"))
        (tmp_path / "u.data").write_text("196\t1\t3\t881250949\n196\t2\tx\t881250949\n")
        items, events, rejected = read(tmp_path)
        assert [(item.title, item.categories, item.attributes) for item in items] == [
            ("Toy Story", ("Action", "Comedy"), {"year": 1995}),
            ("Les Misérables", (), {"year": 1995}),
        ]
        assert events == [Event("196", "1", EventKind.RATING, datetime(1997, 12, 4, 15, 55, 49, tzinfo=UTC), 3)]
        assert rules(rejected) == [(3, "number of fields"), (2, "wrong type")]

    def test_1m(self, tmp_path: Path) -> None:
        (tmp_path / "movies.dat").write_bytes(
            "1::Toy Story (1995)::Animation|Children's\n2::Été (2001)::(no genres listed)\n".encode("latin-1")
        )
        (tmp_path / "ratings.dat").write_text("1::1::5::978300760\n1::2::3.5::978302109\n")
        (tmp_path / "users.dat").write_text("1::F::1::10::48067\n")
        items, events, rejected = read(tmp_path)
        assert [(item.title, item.categories) for item in items] == [
            ("Toy Story", ("Animation", "Children's")),
            ("Été", ()),
        ]
        assert [event.value for event in events] == [5, 3.5]
        assert rejected == []

    @pytest.mark.parametrize("gz", [False, True])
    def test_latest(self, tmp_path: Path, gz: bool) -> None:
        files = {
            "movies.csv": (
                "movieId,title,genres\n1,Toy Story (1995),Adventure|Animation\n"
                '11,"American President, The (1995)",Drama\n3,Untold,(no genres listed)\n'
            ),
            "ratings.csv": "userId,movieId,rating,timestamp\n1,1,4.0,964982703\n1,11,4.5,964981247\n",
            "tags.csv": "userId,movieId,tag,timestamp\n1,1,pixar,1139045764\n",
            "links.csv": "movieId,imdbId,tmdbId\n1,0114709,862\n",
        }
        for name, text in files.items():
            if gz:
                (tmp_path / f"{name}.gz").write_bytes(gzip.compress(text.encode()))
            else:
                (tmp_path / name).write_text(text)
        items, events, rejected = read(tmp_path)
        assert [(item.item_id, item.title, item.attributes) for item in items] == [
            ("1", "Toy Story", {"year": 1995}),
            ("11", "The American President", {"year": 1995}),
            ("3", "Untold", {}),
        ]
        assert [(event.item_id, event.value) for event in events] == [("1", 4.0), ("11", 4.5)]
        assert rejected == []

    @pytest.mark.parametrize(
        ("title", "natural"),
        [
            ("Shawshank Redemption, The", "The Shawshank Redemption"),
            ("Postino, Il", "Il Postino"),
            ("Bronx Tale, A", "A Bronx Tale"),
            ("Avventura, L'", "L'Avventura"),
            (
                "Horseman on the Roof, The (Hussard sur le toit, Le)",
                "The Horseman on the Roof (Le Hussard sur le toit)",
            ),
            ("Good, the Bad and the Ugly, The", "The Good, the Bad and the Ugly"),
            ("Lord of the Rings, The: The Two Towers", "The Lord of the Rings: The Two Towers"),
            ("Seven (Se7en)", "Seven (Se7en)"),
            ("Me, Myself", "Me, Myself"),
            ("The Net", "The Net"),
        ],
    )
    def test_articles_go_back_in_front(self, title: str, natural: str) -> None:
        assert natural_title(title) == natural

    @pytest.mark.skipif(not MOVIES.is_dir(), reason="../shared/data/movies is not here")
    def test_the_catalogue_with_posters(self) -> None:
        dataset = open_dataset(MOVIES)
        assert [file.path.name for file in (*dataset.items, *dataset.events)] == [
            "items.jsonl.gz",
            "ml-latest-small-ratings.csv.gz",
        ]
        items, events, rejected = read(MOVIES)
        assert len(items) == 9_845
        assert len(events) >= 100_000
        assert rejected == []
        assert items[0].title == "Toy Story"
        assert items[0].attributes == {"year": 1995}
        assert items[0].image == str((MOVIES / "posters" / "1.jpg").resolve())


class TestRecBole:
    def test_atomic_files(self, tmp_path: Path) -> None:
        (tmp_path / "ml-100k.item").write_text(
            "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq\n"
            "12\tUsual Suspects, The\t1995\tCrime Thriller\n"
            "267\tunknown\tV\tunknown\n9\tFuture\t9999\tDrama\n7\tshort\n"
        )
        (tmp_path / "ml-100k.inter").write_text(
            "user_id:token\titem_id:token\trating:float\ttimestamp:float\n196\t12\t3\t881250949\n186\t\t3\t891717742\n"
        )
        (tmp_path / "ml-100k.user").write_text("user_id:token\tage:token\n196\t49\n7\t23\n")
        records = list(open_dataset(tmp_path).records())
        assert [record.user_id for record in records if isinstance(record, User)] == ["196", "7"]
        items, events, rejected = read(tmp_path)
        assert [(item.title, item.categories, item.attributes) for item in items] == [
            ("The Usual Suspects", ("Crime", "Thriller"), {"year": 1995}),
            ("unknown", (), {}),
        ]
        assert [(event.user_id, event.item_id, event.value, event.time.year) for event in events] == [
            ("196", "12", 3, 1997)
        ]
        assert rules(rejected) == [(4, "year out of range"), (5, "number of fields"), (3, "missing id")]

    def test_a_header_without_ids_is_an_error(self, tmp_path: Path) -> None:
        (tmp_path / "x.inter").write_text("1\t2\t3\n")
        with pytest.raises(InputError, match="has no column 'user_id'"):
            read(tmp_path)


class TestSequences:
    def test_in_time_order(self, tmp_path: Path) -> None:
        (tmp_path / "sequences.txt").write_text("u1 a b a\nu2 c\n\nu3\n")
        _, events, rejected = read(tmp_path)
        assert [(event.user_id, event.item_id, event.time.second) for event in events] == [
            ("u1", "a", 0), ("u1", "b", 1), ("u1", "a", 2), ("u2", "c", 0),
        ]  # fmt: skip
        assert rejected == []

    def test_in_any_order(self, tmp_path: Path) -> None:
        (tmp_path / "train.txt.gz").write_bytes(gzip.compress(b"0 5 6\n"))
        (tmp_path / "test.txt.gz").write_bytes(gzip.compress(b"0 7\n"))
        (tmp_path / "item-attributes.txt.gz").write_bytes(gzip.compress(b"5 1 2\n"))
        _, events, _ = read(tmp_path)
        assert sorted(event.item_id for event in events) == ["5", "6", "7"]
        assert {event.time.timestamp() for event in events} == {0}


ROWS = [
    {
        "sku": "007",
        "name": "Dr. No",
        "text": "A spy.",
        "genre": "Spy|Action",
        "year": 1962,
        "score": 7.2,
        "brand": "EON",
    },
    {"sku": "x 1", "name": "3.10", "text": "", "genre": "", "year": None, "score": None, "brand": ""},
]


def write_table(path: Path, rows: list[dict[str, object]]) -> Path:
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), delimiter="\t" if path.suffix == ".tsv" else ",")
            writer.writeheader()
            writer.writerows(rows)
    return path


class TestTables:
    @pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl", "parquet"])
    def test_every_kind_of_table_gives_the_same_items(self, tmp_path: Path, suffix: str) -> None:
        items, _, rejected = read(write_table(tmp_path / f"items.{suffix}", ROWS))
        assert rejected == []
        assert [
            (item.item_id, item.title, item.description, item.categories, dict(item.attributes)) for item in items
        ] == [
            ("007", "Dr. No", "A spy.", ("Spy", "Action"), {"year": 1962, "score": 7.2, "brand": "EON"}),
            ("x 1", "3.10", "", (), {}),
        ]

    @pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
    def test_events(self, tmp_path: Path, suffix: str) -> None:
        rows: list[dict[str, object]] = [
            {
                "customer": "u",
                "product": "a",
                "action": "buy",
                "price": 9.5,
                "when": "2020-01-01T00:00:00Z",
                "id": "k1",
            },
            {
                "customer": "u",
                "product": "b",
                "action": "like",
                "price": None,
                "when": "2020-01-02T00:00:00Z",
                "id": "k2",
            },
            {
                "customer": "u",
                "product": "b",
                "action": "hum",
                "price": None,
                "when": "2020-01-02T00:00:00Z",
                "id": "k3",
            },
        ]
        path = write_table(tmp_path / f"log.{suffix}", rows)
        _, events, rejected = read(path, user_id="customer", item_id="product", time="when", key="id")
        assert events == [
            Event("u", "a", EventKind.PURCHASE, datetime(2020, 1, 1, tzinfo=UTC), 9.5, "k1"),
            Event("u", "b", EventKind.LIKE, datetime(2020, 1, 2, tzinfo=UTC), None, "k2"),
        ]
        assert [reason for _, reason in rules(rejected)] == ["unknown kind"]

    def test_a_folder_of_items_and_events(self, tmp_path: Path) -> None:
        write_table(tmp_path / "items.jsonl", [{"id": 1, "title": "One"}])
        write_table(tmp_path / "events.csv", [{"user": "u", "id": 1}])
        dataset = open_dataset(tmp_path)
        assert (dataset.layout, dataset.defines_items) == ("tables", True)
        assert [event.kind for event in read(tmp_path)[1]] == [EventKind.VIEW]

    def test_lists_objects_links_and_pictures(self, tmp_path: Path) -> None:
        (tmp_path / "pictures").mkdir()
        (tmp_path / "pictures" / "1.jpg").write_bytes(b"x")
        rows = [
            {"item_id": "1", "title": "One", "image": "pictures/1.jpg", "categories": [["A", "B"], ["A", "C"]]},
            {
                "item_id": "2",
                "title": "Two",
                "image": "pictures/none.jpg",
                "details": {"Brand": "Acme", "size": {"cm": 3}},
            },
            {
                "item_id": "3",
                "title": "Three",
                "image": "https://example.com/3.jpg",
                "reviews": [{"stars": 5}],
                "sizes": [1, 2],
            },
            {"item_id": "4", "title": "Four", "description": ["First.", "Second."], "active": False},
        ]
        path = write_table(tmp_path / "items.jsonl", rows)
        (data_file,) = open_dataset(path).items
        file = SourceFile(path)
        items = [record for _, record in data_file.read(file) if isinstance(record, Item)]
        assert [item.image for item in items] == [str((tmp_path / "pictures/1.jpg").resolve()), None, None, None]
        assert items[0].categories == ("A", "B", "C")
        assert items[1].attributes == {"details.Brand": "Acme", "details.size.cm": 3}
        assert items[2].attributes == {
            "image_url": "https://example.com/3.jpg",
            "reviews": '[{"stars": 5}]',
            "sizes": ("1", "2"),
        }
        assert (items[3].description, items[3].active) == ("First.\nSecond.", False)
        assert file.notes == {"picture not found": 1}

    @pytest.mark.parametrize("image", ["../secret.jpg", "/etc/passwd", "a/../../x", "link/secret.jpg", "\x00"])
    def test_pictures_outside_the_folder_are_refused(self, tmp_path: Path, image: str) -> None:
        folder = tmp_path / "data"
        folder.mkdir()
        (tmp_path / "secret.jpg").write_bytes(b"x")
        (folder / "link").symlink_to(tmp_path)
        _, _, rejected = read(write_table(folder / "items.jsonl", [{"id": "1", "title": "One", "image": image}]))
        assert [reason for _, reason in rules(rejected)] == ["not text" if image == "\x00" else "image path"]

    def test_a_table_without_ids_or_rows(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="has the columns colour, among them no id of an item"):
            read(write_table(tmp_path / "items.csv", [{"colour": "red"}]))
        (tmp_path / "empty.csv").write_text("")
        with pytest.raises(InputError, match=r"has the columns \(none\)"):
            read(tmp_path / "empty.csv")
        (tmp_path / "header.csv").write_text("item_id,title\n")
        assert read(tmp_path / "header.csv") == ([], [], [])

    def test_unknown_paths_and_mappings(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="is not a file"):
            read(tmp_path / "nothing.csv")
        (tmp_path / "notes.md").write_text("x")
        with pytest.raises(InputError, match=r"holds no data set that is understood: notes\.md"):
            read(tmp_path)
        with pytest.raises(InputError, match="is not a table that can be read"):
            read(tmp_path / "notes.md")
        with pytest.raises(InputError, match="columns can not be mapped to 'colour'"):
            read(tmp_path, colour="red")

    @settings(max_examples=50, deadline=None)
    @given(st.lists(st.tuples(st.text(min_size=1, max_size=8), st.text(max_size=8)), max_size=8))
    def test_a_csv_file_gives_an_answer_for_every_row(
        self, tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]
    ) -> None:
        path = tmp_path_factory.mktemp("csv") / "items.csv"
        with path.open("w", newline="", errors="surrogatepass") as file:
            writer = csv.writer(file)
            writer.writerows([("item_id", "title"), *rows])
        items, _, rejected = read(path)
        assert len(items) + len(rejected) == len(rows)


HOSTILE_JSON = [
    ('{"item_id": "ok", "title": "Fine"}', None),
    ('{"item_id": "nan", "title": "x", "score": NaN}', "not finite"),
    ('{"item_id": "inf", "title": "x", "score": -Infinity}', "not finite"),
    ('{"item_id": "big", "title": "x", "score": 1e999}', "not finite"),
    ('{"item_id": "y", "title": "x", "year": 9999}', "year out of range"),
    ('{"item_id": "ok", "title": "Again"}', "duplicate id"),
    ('{"title": "no id"}', "missing id"),
    ('{"item_id": null, "title": "no id"}', "missing id"),
    ('{"item_id": "t"}', "missing title"),
    ('{"item_id": ["x"], "title": "x"}', "wrong type"),
    ('{"item_id": "w", "title": ["x"]}', "wrong type"),
    ('{"item_id": "s", "title": "\\ud800"}', "not text"),
    ('{"item_id": "n", "title": "a\\u0000b"}', "not text"),
    ('{"item_id": "=cmd()", "title": "x"}', "formula"),
    ('{"item_id": "f", "title": "=cmd()"}', "formula"),
    ('{"item_id": "l", "title": "' + "x" * 2_000 + '"}', "too long"),
    ('{"item_id": "L", "title": "x", "description": "' + "x" * (1 << 20) + '"}', "too long"),
    ("not json", "not JSON"),
    ("[1, 2]", "not JSON"),
    ("[" * 100_000, "not JSON"),
    ('{"item_id": "b", "title": "\udcff"}', "not text"),
    ('{"item_id": "z", "title": "Ze\\u200bro"}', None),
    ('{"item_id": "last", "title": "Last"}', None),
]


class TestHostileRows:
    def test_json_lines(self, tmp_path: Path) -> None:
        path = tmp_path / "items.jsonl"
        path.write_bytes("\n".join(line for line, _ in HOSTILE_JSON).encode("utf-8", "surrogateescape"))
        items, _, rejected = read(path)
        assert [(item.item_id, item.title) for item in items] == [("ok", "Fine"), ("z", "Zero"), ("last", "Last")]
        assert rules(rejected) == [
            (number, rule) for number, (_, rule) in enumerate(HOSTILE_JSON, start=1) if rule is not None
        ]
        assert all(row.source == "items.jsonl" and len(row.row) <= 2_000 for row in rejected)

    def test_csv(self, tmp_path: Path) -> None:
        path = tmp_path / "items.csv"
        path.write_bytes(
            b"item_id,title,year,score\n"
            b"1,Fine,1999,7.5\n"
            b"2,Bad,9999,1\n"
            b"3,Bad,1999,NaN\n"
            b"1,Again,,\n"
            b",No id,,\n"
            b"4,=cmd(),,\n"
            b"5,nul\x00,,\n"
            b"6,latin \xe9,,\n"
            b"7,too,many,cells,here\n"
            b'8,"two\nlines",,\n'
            b"9,Last,,\n"
        )
        items, _, rejected = read(path)
        assert [item.item_id for item in items] == ["1", "8", "9"]
        assert rules(rejected) == [
            (3, "year out of range"), (4, "not finite"), (5, "duplicate id"), (6, "missing id"),
            (7, "formula"), (8, "not text"), (9, "not text"), (10, "number of fields"),
        ]  # fmt: skip

    def test_a_quote_that_is_never_closed_costs_one_row_at_a_time(self, tmp_path: Path) -> None:
        path = tmp_path / "items.csv"
        path.write_text('item_id,title\n1,Fine\n2,"open\n' + "x,y\n" * 100_000)
        items, _, rejected = read(path)
        assert items[0].item_id == "1"
        assert ("not CSV") in [rule for _, rule in rules(rejected)]

    def test_events(self, tmp_path: Path) -> None:
        path = tmp_path / "events.csv"
        path.write_text(
            "user_id,item_id,rating,timestamp\nu,a,5,1600000000\nu,a,nan,1600000000\nu,a,5,9999-01-01\n"
            "=cmd(),a,5,1600000000\nu,,5,1600000000\nu,a,five,1600000000\n"
        )
        _, events, rejected = read(path)
        assert len(events) == 1
        assert rules(rejected) == [
            (3, "not finite"), (4, "time out of range"), (5, "formula"), (6, "missing id"), (7, "wrong type"),
        ]  # fmt: skip


class TestBombs:
    def test_a_gzip_bomb_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "items.jsonl.gz"
        with gzip.open(path, "wb", compresslevel=9) as file:
            for _ in range(40):
                file.write(b'{"item_id": "1"}' + b" " * (1 << 20) + b"\n")
        with pytest.raises(UnsafeInput, match=r"'items.jsonl.gz' expands \d+ times to more than"):
            read(path)

    def test_a_small_file_of_repeated_rows_is_not_one(self, tmp_path: Path) -> None:
        path = tmp_path / "events.csv.gz"
        path.write_bytes(gzip.compress(b"user_id,item_id\n" + b"u,a\n" * 20_000))
        assert path.stat().st_size * source.GZIP_RATIO < 80_000
        assert len(read(path)[1]) == 20_000

    def test_a_gzip_file_that_is_cut_short_or_damaged_is_refused(self, tmp_path: Path) -> None:
        whole = gzip.compress(b"item_id,title\n" + os.urandom(5_000).hex().encode())
        path = tmp_path / "items.csv.gz"
        path.write_bytes(whole[:-100])
        with pytest.raises(InputError, match="damaged or cut short"):
            read(path)
        path.write_bytes(whole[:1_000] + b"\xff" * 50 + whole[1_050:])
        with pytest.raises(InputError, match="damaged or cut short"):
            read(path)

    def test_a_parquet_bomb_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "items.parquet"
        pq.write_table(pa.table({"item_id": pa.array([0] * 3_000_000, pa.int8())}), path, compression="zstd")
        with pytest.raises(UnsafeInput, match="announces 3,000,000 rows"):
            read(path)
        assert path.stat().st_size * columnar.ROWS_PER_BYTE < 3_000_000

    def test_what_is_no_parquet_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "items.parquet"
        path.write_bytes(b"PAR1 nothing PAR1")
        with pytest.raises(InputError, match="cannot be read as Parquet"):
            read(path)
