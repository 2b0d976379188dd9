-- A text that is found by its beginning. To PostgreSQL "like" may leak what it compares, so that it
-- waits for row-level security and no index serves it. For this type it says first, by operators
-- that leak nothing and that only an index with text_pattern_ops serves, how the value begins: an
-- identifier has at most 128 characters. In api, where PostgREST's search_path finds the
-- operator.
create domain api.identifier as text;

comment on domain api.identifier is 'An identifier; like with a beginning reaches an index';

create or replace function internal.is_like(identifier api.identifier, pattern api.identifier)
returns boolean
language sql
immutable
security invoker
begin atomic
    select -- noqa: LT09
        is_like.identifier::text ~>=~ substring(is_like.pattern::text from '^[^%_\\]*') -- noqa
        and is_like.identifier::text ~<~ (
            substring(is_like.pattern::text from '^[^%_\\]*') || repeat(chr(1114111), 129)
        )
        and is_like.identifier::text ~~ is_like.pattern::text;
end;

comment on function internal.is_like(api.identifier, api.identifier) is
'What "like" does for identifiers, in parts that the planner sees';

revoke all on function internal.is_like(api.identifier, api.identifier) from public;
grant execute on function internal.is_like(api.identifier, api.identifier) to member;

create operator api.~~ ( -- noqa: PRS
    leftarg = api.identifier, rightarg = api.identifier, function = internal.is_like
);

comment on operator api.~~ (api.identifier, api.identifier) is 'like, for identifiers';
