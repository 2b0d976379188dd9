-- Inlined: the planner puts the body in the place of the call.
create or replace function internal.without_prefix(name text, prefix_pattern text)
returns text
language sql
immutable
security invoker
begin atomic
    select
        coalesce(
            regexp_replace(without_prefix.name, without_prefix.prefix_pattern, '', 'i'),
            without_prefix.name
        );
end;

comment on function internal.without_prefix(text, text) is
$$A name without the prefix of a repository

prefix_pattern: of the pathogen, by internal.prefix_pattern.$$;

revoke all on function internal.without_prefix(text, text) from public;
grant execute on function internal.without_prefix(text, text) to member, api_writer;
