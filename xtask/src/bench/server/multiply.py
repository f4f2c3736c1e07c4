"""Makes many shops and events of those in a SQLite file: multiply.py FILE SHOPS EVENTS.

A new row is a copy of an old one whose own names are new: columns of the primary key and of unique indexes get new values, `shop_id` the
name of a new shop. Counters of events are brought up to date, in the schema of today and in the one before it, which counted by shop.
"""

import secrets
import sqlite3
import sys

file, shops, events = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
database = sqlite3.connect(file)
database.row_factory = sqlite3.Row
database.execute("PRAGMA foreign_keys = OFF")


def keys(table):
    """The columns that tell rows apart."""
    own = {row["name"] for row in database.execute(f"PRAGMA table_info({table})") if row["pk"]}
    for index in database.execute(f"PRAGMA index_list({table})").fetchall():
        if index["unique"]:
            own |= {row["name"] for row in database.execute(f"PRAGMA index_info({index['name']})")}
    return own


def copies(table, count, shop_of):
    """Copies the table's rows, one after another, until there are `count` new ones; answers their primary keys."""
    rows = [dict(row) for row in database.execute(f"SELECT * FROM {table}")]
    if not rows:
        sys.exit(f"the table {table} is empty")
    own = keys(table)
    numbers = {name: max((row[name] or 0) for row in rows) for name in own if any(isinstance(row[name], int) for row in rows)}
    made, counts = [], {}
    for at in range(count):
        row = dict(rows[at % len(rows)])
        for name in own:
            if name in numbers:
                numbers[name] += 1
                row[name] = numbers[name]
            elif name != "shop_id" and isinstance(row[name], str):
                # As long as the old one, of letters that a name may have everywhere.
                row[name] = "".join(secrets.choice("abcdefghjkmnpqrstvwxyz") for _ in range(max(12, len(row[name]))))
        if "shop_id" in row:
            row["shop_id"] = shop_of(at)
        if "seq" in row:
            row["seq"] = counts[row["shop_id"]] = counts.get(row["shop_id"], 0) + 1
        made.append(row)
    names = list(made[0])
    places = ", ".join("?" for _ in names)
    with database:
        database.executemany(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({places})", [[row[name] for name in names] for row in made])
    return made


new = [row["id"] for row in copies("shop", shops, lambda at: None)]
copies("event", events, lambda at: new[at % len(new)])
with database:
    if database.execute("SELECT 1 FROM sqlite_master WHERE name = 'feed_head'").fetchone():
        database.execute("UPDATE feed_head SET position = (SELECT MAX(position) FROM event)")
    else:
        database.execute("UPDATE shop SET last_event = (SELECT COALESCE(MAX(seq), 0) FROM event WHERE event.shop_id = shop.id)")
database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
