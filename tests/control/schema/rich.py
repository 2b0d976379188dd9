"""A checkout whose code is generated from variants: every kind of object, edited in every way."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.control.schema.checkout import NOTES, USERS, Checkout

NOTES_VIEW = """\
create view api.notes with (security_invoker = true) as
select notes.id, notes.body, more from aspen.notes;
"""
LOUD_NOTES_VIEW = """\
create view api.loud_notes with (security_invoker = true) as
select notes.id, internal.plus(notes.id::integer) as more from api.notes
where notes.id > -1;
"""
FREE = ("free_1", "free_2", "free_3")


@dataclass
class Rich:
    """Hold the variant of every piece of code, and the file each is in."""

    checkout: Checkout
    variants: dict[str, int] = field(default_factory=dict)
    # Functions that nothing needs may be in either of two files.
    file_of: dict[str, str] = field(
        default_factory=lambda: dict(zip(FREE, ("free_a", "free_a", "free_b"), strict=True))
    )
    are_swapped: bool = False
    has_extra: bool = True

    def next(self, piece: str) -> None:
        """Choose the next variant of a piece."""
        self.variants[piece] = self.variants.get(piece, 0) + 1

    def write(self) -> None:
        """Write all files and the contents page."""
        for old in (self.checkout.root / "sql").rglob("*.sql"):
            if old.name != "schemas.sql":
                old.unlink()
        files = self._files()
        self.checkout.write("sql/tables/users.sql", USERS)
        self.checkout.write("sql/tables/notes.sql", NOTES)
        for path, text in files.items():
            self.checkout.write(f"sql/{path}", text)
        listed = ["schemas.sql", "tables/users.sql", "tables/notes.sql", *files]
        self.checkout.write("sql/load.sql", "".join(f"\\ir {path}\n" for path in listed))

    def _is_odd(self, piece: str) -> bool:
        return self.variants.get(piece, 0) % 2 == 1

    def _files(self) -> dict[str, str]:
        number = {piece: self.variants.get(piece, 0) for piece in EDITS}
        more = "bigint" if self._is_odd("signature") else "integer"
        column = f", {number['column']} as number_{number['column']}" if number["column"] else ""
        grantee = "operator" if self._is_odd("grant") else "member"
        files = {
            "authz/user_id.sql": f"""\
create or replace function authz.user_id() returns bigint language sql stable set search_path = ''
as $$ select {number["body"] + 1}::bigint $$;
comment on function authz.user_id() is 'Who, {number["comment"]}';
grant execute on function authz.user_id() to member;
""",
            "internal/shout.sql": f"""\
create or replace function internal.shout() returns trigger language plpgsql set search_path = ''
as $$ begin new.body := new.body || '!{number["plpgsql"]}'; return new; end $$;
""",
            "internal/plus.sql": f"""\
create or replace function internal.plus(value {more}) returns {more} language sql immutable
return value + {number["atomic"]};
""",
            f"internal/loud_{number['rename'] % 3}.sql": f"""\
create domain internal.loud as text check (value <> '{number["domain"]}');
create or replace function internal.heard(value json) returns internal.loud
language sql immutable return (value #>> '{{{number["cast"]}}}')::internal.loud;
create cast (json as internal.loud) with function internal.heard(json)
{"as assignment" if self._is_odd("cast") else "as implicit"};
create or replace function internal.same(a internal.loud, b internal.loud) returns boolean
language sql immutable return a::text = b::text or {str(self._is_odd("operator")).lower()};
create operator internal.{"===" if number["operator"] % 3 else "=!="} (
    leftarg = internal.loud, rightarg = internal.loud, function = internal.same
);
""",
            "policies/notes.sql": f"""\
grant select on aspen.notes to {grantee};
create policy notes_select_all on aspen.notes for select to member
using (authz.user_id() >= {number["policy"]});
create trigger notes_shout before insert {"or update " if self._is_odd("trigger") else ""}\
on aspen.notes for each row execute function internal.shout();
""",
            "api/views/notes.sql": NOTES_VIEW.replace(", more", column)
            + f"""\
comment on view api.notes is 'Notes {number["view_comment"]}';
grant select on api.notes to {grantee};
""",
            "api/views/loud_notes.sql": LOUD_NOTES_VIEW.replace("-1", str(number["view"])),
            "api/functions/latest_note.sql": """\
create function api.latest_note() returns setof api.notes language sql stable
begin atomic
    select * from api.notes order by id desc limit 1;
end;
grant execute on function api.latest_note() to member;
""",
            # Somebody else's objects: the rights of a view, the comment of a function.
            "api/rights.sql": f"""\
grant select on api.loud_notes to {"operator" if self._is_odd("rights") else "member"};
comment on function internal.shout() is 'Shouts {number["other_comment"]}';
""",
        }
        if self.has_extra:
            files["api/views/extra.sql"] = (
                "create view api.extra with (security_invoker = true) as select 1 as one;\n"
            )
        free = {
            name: "".join(
                f"create or replace function internal.{one}() returns integer language sql"
                f" immutable return {number['free']};\n"
                for one, file in self.file_of.items()
                if file == name
            )
            for name in ("free_a", "free_b")
        }
        for name in sorted(free, reverse=self.are_swapped):
            if free[name]:
                files[f"internal/{name}.sql"] = free[name]
        # Reads the catalogue and creates what is missing.
        files["structure.sql"] = f"""\
do $$ begin
    if not exists (
        select from pg_catalog.pg_policy
        where polname = 'notes_fence' and polrelid = 'aspen.notes'::pg_catalog.regclass
    ) then
        create policy notes_fence on aspen.notes as restrictive for all to {grantee}
        using (id > {number["structure"]}) with check (id > {number["structure"]});
    end if;
end $$;
"""
        return files


def _another(piece: str) -> Callable[[Rich, random.Random], None]:
    return lambda rich, chance: rich.next(piece)


def _move(rich: Rich, chance: random.Random) -> None:
    """Move a function from one file to another."""
    piece = chance.choice(FREE)
    rich.file_of[piece] = "free_b" if rich.file_of[piece] == "free_a" else "free_a"


def _swap(rich: Rich, chance: random.Random) -> None:
    """List two files the other way round."""
    rich.are_swapped = not rich.are_swapped


def _come_or_go(rich: Rich, chance: random.Random) -> None:
    """Remove a file, or add it again."""
    rich.has_extra = not rich.has_extra


EDITS: dict[str, Callable[[Rich, random.Random], None]] = {
    **{
        piece: _another(piece)
        for piece in (
            *("body", "comment", "plpgsql", "atomic", "signature", "free"),
            *("domain", "cast", "operator", "rename"),
            *("policy", "trigger", "grant", "structure"),
            *("column", "view", "view_comment", "rights", "other_comment"),
        )
    },
    "move": _move,
    "swap": _swap,
    "come_or_go": _come_or_go,
}
