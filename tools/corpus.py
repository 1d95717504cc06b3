"""Made-up migrations for tools/bench: the same text for the same seed, valid PostgreSQL, and a believable mix.

A schema is kept while writing, so that every statement speaks of tables and columns that exist.
"""

import random

NOUNS = """account address agent album asset audit basket batch booking branch budget campaign carrier channel charge
claim comment company contact contract courier coupon customer delivery device document employee event expense feature
folder grade guest holiday image invoice item journal label lease ledger lesson license locker machine member message
meter note offer office order parcel partner patient payment permit person photo plan policy product profile project
quote rating receipt record refund region reminder rental report request review role room route sample schedule school
sensor session shipment shop signal site slot station stock store student supplier survey task team tenant ticket
token transfer trip truck unit user vendor vehicle visit voucher wallet warehouse webhook window zone""".split()

COLUMNS = [
    ("name", "text"),
    ("status", "text"),
    ("note", "varchar(200)"),
    ("email", "varchar(255)"),
    ("amount", "numeric(12, 2)"),
    ("quantity", "integer"),
    ("priority", "smallint"),
    ("active", "boolean"),
    ("payload", "jsonb"),
    ("external_id", "uuid"),
    ("starts_on", "date"),
    ("closed_at", "timestamptz"),
    ("country", "char(2)"),
    ("weight", "double precision"),
    ("tags", "text[]"),
    ("position", "bigint"),
]

DEFAULTS = {
    "text": "''",
    "integer": "0",
    "smallint": "0",
    "bigint": "0",
    "boolean": "false",
    "jsonb": "'{}'",
    "numeric(12, 2)": "0",
    "date": "current_date",
    "timestamptz": "now()",
    "text[]": "'{}'",
}

VALUES = {
    "text": "'{word} {n}'",
    "varchar(200)": "'a note that mentions {word}, the customer''s words, and number {n}'",
    "varchar(255)": "'{word}.{n}@example.com'",
    "numeric(12, 2)": "{n}.50",
    "integer": "{n}",
    "smallint": "7",
    "bigint": "{n}000",
    "boolean": "true",
    "jsonb": "'{{\"kind\": \"{word}\", \"size\": {n}}}'",
    "uuid": "'00000000-0000-4000-8000-{n:012}'",
    "date": "'2024-03-01'",
    "timestamptz": "'2024-03-01 12:00:00+00'",
    "char(2)": "'NL'",
    "double precision": "{n}.25",
    "text[]": "'{{new,{word}}}'",
}


class Table:
    def __init__(self, name):
        self.name = name
        self.columns = {}
        self.added = 0
        self.indexes = 0
        self.constraints = 0

    def next_index(self, column):
        self.indexes += 1
        return f"{self.name}_{column}_idx{self.indexes}"

    def next_constraint(self, column, suffix):
        self.constraints += 1
        return f"{self.name}_{column}_{suffix}{self.constraints}"


class Writer:
    """Writes one migration after the other."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.tables = []
        self.made = 0
        self.stories = [
            (self.add_columns, 22),
            (self.add_index, 16),
            (self.add_constraint, 14),
            (self.write_rows, 14),
            (self.change_column, 8),
            (self.add_function, 6),
            (self.backfill_in_a_loop, 5),
            (self.add_view, 5),
            (self.add_type, 4),
            (self.drop_column, 4),
            (self.add_partitions, 2),
        ]

    def migration(self, number):
        """The name and the statements of one migration."""
        if number < 8 or self.random.random() < 0.18:
            tale, statements = self.create_table()
        else:
            stories, weights = zip(*self.stories)
            tale, statements = self.random.choices(stories, weights)[0]()
        while len(statements) < self.random.randint(7, 10):
            statements += self.random.choice([self.write_rows, self.add_index, self.add_columns, self.comments])()[1]
        if self.random.random() < 0.6:
            statements.insert(0, "SET lock_timeout = '5s'")
        return tale, statements

    def pick(self):
        return self.random.choice(self.tables)

    def column(self, table, *types):
        """A column of one of these types, or the key."""
        fitting = [name for name, kind in table.columns.items() if kind in types]
        return self.random.choice(fitting) if fitting else "id"

    def free_column(self, table):
        """A name that the table never had, and a type."""
        name, kind = self.random.choice(COLUMNS)
        table.added += 1
        return f"{name}_{table.added}", kind

    def create_table(self):
        word = NOUNS[self.made % len(NOUNS)]
        turn = self.made // len(NOUNS)
        table = Table(f"{word}_list" if turn == 0 else f"{word}_{self.random.choice(NOUNS)}_list_{turn}")
        self.made += 1
        table.columns = {"id": "bigint"}
        lines = ["    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY"]
        parent = self.pick() if self.tables else None
        if parent:
            table.columns["parent_id"] = "bigint"
            lines.append(f"    parent_id bigint REFERENCES {parent.name} (id) ON DELETE CASCADE")
        for name, kind in self.random.sample(COLUMNS, self.random.randint(4, 9)):
            table.columns[name] = kind
            default = f" NOT NULL DEFAULT {DEFAULTS[kind]}" if kind in DEFAULTS and self.random.random() < 0.5 else ""
            lines.append(f"    {name} {kind}{default}")
        table.columns |= {"created_at": "timestamptz", "updated_at": "timestamptz"}
        lines.append("    created_at timestamptz NOT NULL DEFAULT now()")
        lines.append("    updated_at timestamptz NOT NULL DEFAULT now()")
        if self.random.random() < 0.3:
            lines.append(f"    CONSTRAINT {table.name}_times CHECK (updated_at >= created_at)")
        self.tables.append(table)
        statements = [f"CREATE TABLE {table.name} (\n" + ",\n".join(lines) + "\n)"]
        if parent:
            statements.append(f"CREATE INDEX {table.next_index('parent_id')} ON {table.name} (parent_id)")
        statements.append(f"CREATE INDEX {table.next_index('created_at')} ON {table.name} (created_at DESC)")
        statements.append(f"COMMENT ON TABLE {table.name} IS 'What the {word} service knows; owner: team {self.made % 9}'")
        statements.append(f"GRANT SELECT ON {table.name} TO PUBLIC")
        statements.append(self.insert(table, 3))
        return f"create_{table.name}", statements

    def add_columns(self):
        table = self.pick()
        statements = []
        for _ in range(self.random.randint(1, 3)):
            name, kind = self.free_column(table)
            table.columns[name] = kind
            form = self.random.random()
            if form < 0.4 or kind not in DEFAULTS:
                statements.append(f"ALTER TABLE {table.name} ADD COLUMN {name} {kind}")
            elif form < 0.8:
                statements.append(f"ALTER TABLE {table.name} ADD COLUMN {name} {kind} NOT NULL DEFAULT {DEFAULTS[kind]}")
            else:
                statements.append(f"ALTER TABLE {table.name}\n    ADD COLUMN {name} {kind},\n    ALTER COLUMN {name} SET DEFAULT {DEFAULTS[kind]}")
        return f"{table.name}_columns", statements

    def add_index(self):
        table = self.pick()
        column = self.column(table, "text", "varchar(255)", "uuid", "date", "integer")
        name = table.next_index(column)
        form = self.random.random()
        if form < 0.4:
            made = f"CREATE INDEX {name} ON {table.name} ({column}, id)"
        elif form < 0.75:
            made = f"CREATE INDEX CONCURRENTLY {name} ON {table.name} ({column})"
        elif form < 0.9:
            made = f"CREATE INDEX {name} ON {table.name} USING btree ({column}) WHERE updated_at IS NOT NULL"
        else:
            made = f"CREATE UNIQUE INDEX {name} ON {table.name} (id, {column})"
        return f"index_{table.name}", [made]

    def add_constraint(self):
        table = self.pick()
        form = self.random.random()
        if form < 0.4:
            column = self.column(table, "integer", "smallint", "bigint", "numeric(12, 2)")
            name = table.next_constraint(column, "check")
            statements = [f"ALTER TABLE {table.name} ADD CONSTRAINT {name} CHECK ({column} >= 0) NOT VALID"]
            if self.random.random() < 0.7:
                statements.append(f"ALTER TABLE {table.name} VALIDATE CONSTRAINT {name}")
        elif form < 0.7:
            table.added += 1
            column = f"ref_{table.added}_id"
            table.columns[column] = "bigint"
            name = table.next_constraint(column, "fkey")
            valid = " NOT VALID" if self.random.random() < 0.5 else ""
            statements = [
                f"ALTER TABLE {table.name} ADD COLUMN {column} bigint",
                f"ALTER TABLE {table.name}\n    ADD CONSTRAINT {name} FOREIGN KEY ({column}) REFERENCES {self.pick().name} (id){valid}",
            ]
        else:
            name = table.next_constraint("created_at", "key")
            statements = [f"ALTER TABLE {table.name} ADD CONSTRAINT {name} UNIQUE (id, created_at)"]
        return f"constrain_{table.name}", statements

    def change_column(self):
        table = self.pick()
        column = self.column(table, "varchar(200)", "varchar(255)")
        if column == "id":
            return self.set_not_null(table)
        table.columns[column] = "text"
        return f"widen_{table.name}_{column}", [f"ALTER TABLE {table.name} ALTER COLUMN {column} TYPE text"]

    def set_not_null(self, table):
        column = self.column(table, "boolean", "integer", "text")
        name = table.next_constraint(column, "present")
        kind = table.columns[column]
        return f"require_{table.name}_{column}", [
            f"UPDATE {table.name} SET {column} = {DEFAULTS.get(kind, '0')} WHERE {column} IS NULL",
            f"ALTER TABLE {table.name} ADD CONSTRAINT {name} CHECK ({column} IS NOT NULL) NOT VALID",
            f"ALTER TABLE {table.name} VALIDATE CONSTRAINT {name}",
            f"ALTER TABLE {table.name} ALTER COLUMN {column} SET NOT NULL",
            f"ALTER TABLE {table.name} DROP CONSTRAINT {name}",
        ]

    def drop_column(self):
        table = self.pick()
        removable = [name for name, kind in table.columns.items() if kind in ("jsonb", "double precision", "char(2)", "text[]")]
        if not removable:
            return self.add_columns()
        column = self.random.choice(removable)
        del table.columns[column]
        return f"drop_{table.name}_{column}", [f"ALTER TABLE {table.name} DROP COLUMN IF EXISTS {column} CASCADE"]

    def add_function(self):
        table = self.pick()
        self.made += 1
        name = f"touch_{table.name}_{self.made}"
        return f"function_{name}", [
            f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $function$\n"
            "BEGIN\n"
            "    -- only when something changed; a dry write stays invisible\n"
            "    IF new IS DISTINCT FROM old THEN\n"
            "        new.updated_at := now();\n"
            "    END IF;\n"
            "    RETURN new;\n"
            "END\n"
            "$function$",
            f"CREATE TRIGGER {name} BEFORE UPDATE ON {table.name} FOR EACH ROW EXECUTE FUNCTION {name}()",
        ]

    def backfill_in_a_loop(self):
        table = self.pick()
        column = self.column(table, "text")
        change = f"{column} = trim({column})" if column != "id" else "updated_at = now()"
        return f"backfill_{table.name}", [
            "DO $$\n"
            "DECLARE\n"
            "    changed bigint;\n"
            "BEGIN\n"
            "    LOOP\n"
            f"        UPDATE {table.name} SET {change}\n"
            f"        WHERE id IN (SELECT id FROM {table.name} WHERE updated_at < '2024-01-01' ORDER BY id LIMIT 5000 FOR UPDATE SKIP LOCKED);\n"
            "        GET DIAGNOSTICS changed = ROW_COUNT;\n"
            "        EXIT WHEN changed = 0;\n"
            "    END LOOP;\n"
            "END\n"
            "$$"
        ]

    def add_view(self):
        table, other = self.pick(), self.pick()
        self.made += 1
        name = f"{table.name}_summary_{self.made}"
        kind = "MATERIALIZED VIEW" if self.random.random() < 0.3 else "VIEW"
        return f"view_{name}", [
            f"CREATE {kind} {name} AS\n"
            "SELECT a.id, max(a.updated_at) AS last_change, count(b.id) AS others\n"
            f"FROM {table.name} a\n"
            f"LEFT JOIN {other.name} b ON b.id = a.id AND b.created_at > a.created_at - interval '90 days'\n"
            "GROUP BY a.id",
        ]

    def add_type(self):
        table = self.pick()
        self.made += 1
        name = f"{table.name}_kind_{self.made}"
        table.added += 1
        column = f"kind_{table.added}"
        table.columns[column] = name
        return f"type_{name}", [
            f"CREATE TYPE {name} AS ENUM ('draft', 'sent', 'paid', 'void')",
            f"ALTER TABLE {table.name} ADD COLUMN {column} {name} NOT NULL DEFAULT 'draft'",
        ]

    def add_partitions(self):
        self.made += 1
        name = f"{self.random.choice(NOUNS)}_log_{self.made}"
        statements = [
            f"CREATE TABLE {name} (\n    id bigint NOT NULL,\n    at timestamptz NOT NULL,\n    payload jsonb,\n    PRIMARY KEY (id, at)\n) PARTITION BY RANGE (at)"
        ]
        for month in range(1, 7):
            statements.append(
                f"CREATE TABLE {name}_{month} PARTITION OF {name} FOR VALUES FROM ('2024-{month:02}-01') TO ('2024-{month + 1:02}-01')"
            )
        statements.append(f"CREATE INDEX {name}_at_idx ON {name} (at)")
        return f"partition_{name}", statements

    def comments(self):
        table = self.pick()
        column = self.random.choice(list(table.columns))
        return f"comment_{table.name}", [f"COMMENT ON COLUMN {table.name}.{column} IS 'See the handbook; it''s written by hand'"]

    def write_rows(self):
        table = self.pick()
        statements = [self.insert(table, self.random.randint(1, 5))]
        if self.random.random() < 0.5:
            statements.append(f"UPDATE {table.name} SET updated_at = now() WHERE id = {self.random.randint(1, 9999)}")
        if self.random.random() < 0.2:
            statements.append(f"UPDATE {table.name} SET updated_at = created_at")
        if self.random.random() < 0.2:
            statements.append(f"DELETE FROM {table.name} WHERE created_at < now() - interval '5 years'")
        return f"rows_{table.name}", statements

    def insert(self, table, rows):
        names = [name for name, kind in table.columns.items() if kind in VALUES and not name.endswith("_id")]
        names = [name for name in names if name not in ("id", "created_at", "updated_at")] or ["created_at"]
        lines = []
        for _ in range(rows):
            values = []
            for name in names:
                word, number = self.random.choice(NOUNS), self.random.randint(1, 999)
                values.append(VALUES[table.columns[name]].format(word=word, n=number))
            lines.append(f"    ({', '.join(values)})")
        return f"INSERT INTO {table.name} ({', '.join(names)}) VALUES\n" + ",\n".join(lines)


def text_of(tale, statements):
    """A migration as people write it: a head comment, statements apart, a comment now and then."""
    parts = [f"-- {tale.replace('_', ' ')}\n"]
    for position, statement in enumerate(statements):
        if position % 4 == 3:
            parts.append("/* see the ticket for the plan and its order */\n")
        parts.append(statement + ";\n\n")
    return "".join(parts)


def write_files(folder, count, seed):
    """`count` migrations, one a file, in version order. Returns how many statements they hold, and their bytes."""
    folder.mkdir(parents=True)
    writer = Writer(seed)
    statements = size = 0
    for number in range(count):
        tale, made = writer.migration(number)
        text = text_of(tale, made)
        (folder / f"{20240101000000 + number}_{tale}.sql").write_text(text)
        statements += len(made)
        size += len(text)
    return statements, size


def write_large_file(path, size, seed):
    """One file of at least `size` bytes: ordinary statements, and as many bytes again of rows. Returns as `write_files`."""
    path.parent.mkdir(parents=True)
    writer = Writer(seed)
    statements = written = number = 0
    with path.open("w") as file:
        while written < size:
            tale, made = writer.migration(number)
            number += 1
            made = [statement for statement in made if "CONCURRENTLY" not in statement]
            made.append(writer.insert(writer.pick(), 20))
            text = text_of(tale, made)
            file.write(text)
            statements += len(made)
            written += len(text)
    return statements, written
