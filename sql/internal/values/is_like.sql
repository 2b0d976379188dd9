-- For PostgreSQL "like" may leak what it compares: it is evaluated after row-level security, and no
-- index serves it. For texts of the API this function first compares how the value begins, with
-- operators that leak nothing and that only an index with text_pattern_ops serves; no stored text
-- continues with 129 times the last character. The operator is in api, where the search_path of
-- PostgREST finds it.
create or replace function internal.is_like(value aspen.words, pattern aspen.words)
returns boolean
language sql
immutable
security invoker
begin atomic
    select -- noqa: LT09
        is_like.value::text ~>=~ substring(is_like.pattern::text from '^[^%_\\]*') -- noqa
        and is_like.value::text ~<~ (
            substring(is_like.pattern::text from '^[^%_\\]*') || repeat(chr(1114111), 129)
        )
        and is_like.value::text ~~ is_like.pattern::text;
end;

comment on function internal.is_like(aspen.words, aspen.words) is
'like for texts of the API, in parts that the planner can see';

revoke all on function internal.is_like(aspen.words, aspen.words) from public;
grant execute on function internal.is_like(aspen.words, aspen.words) to member;

create operator api.~~ ( -- noqa: PRS
    leftarg = aspen.words, rightarg = aspen.words, function = internal.is_like
);

comment on operator api.~~ (aspen.words, aspen.words) is 'like, for texts of the API';
