-- The rule of prefixes: internal.without_prefix and internal.strain_name apply it, and whatever
-- finds, names or compares identifiers in SQL calls these. An expression, because it is made once
-- for a pathogen and applied to each of thousands of names without another query. The longest
-- prefix counts, because a regular expression takes the longest match.
create or replace function internal.prefix_pattern(pathogen_id bigint)
returns text
language sql
stable
security invoker
begin atomic
    select
        '^(('
        || string_agg(replace(known.prefix, '.', '\.'), '|')
        || ')/(?=.)|('
        || string_agg(replace(replace(known.prefix, '.', '\.'), '/', '_'), '|')
        || ')_(?=[^/]+$))'
    from aspen.pathogen_repositories as known
    where known.pathogen_id = prefix_pattern.pathogen_id;
end;

comment on function internal.prefix_pattern(bigint) is
$$What names of a pathogen begin with in its repositories

A regular expression: {prefix}/ of any of them, in any case, with something after it; in a name
without a slash also {prefix}_ with _ for each slash, which tools write that allow no slash. Null if
the pathogen has no prefix.$$;

revoke all on function internal.prefix_pattern(bigint) from public;
grant execute on function internal.prefix_pattern(bigint) to member, api_writer;
