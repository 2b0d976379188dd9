-- The one rule of prefixes. Whatever looks up an identifier looks up these spellings.
create or replace function internal.identifier_spellings(pathogen_id bigint, identifiers text[])
returns table (identifier text, spelling text, is_exact boolean)
language sql
stable
security invoker
rows 10000
set search_path = ''
as $$
    with prefixes as materialized (
        select distinct repositories.prefix
        from aspen.pathogen_repositories as repositories
        where repositories.pathogen_id = identifier_spellings.pathogen_id
    ),

    bare as materialized (
        select
            given.identifier,
            coalesce(
                (
                    select substr(given.identifier, length(prefixes.prefix) + 2)
                    from prefixes
                    where lower(left(given.identifier, length(prefixes.prefix) + 1))
                        = lower(prefixes.prefix) || '/'
                        and length(given.identifier) > length(prefixes.prefix) + 1
                    order by length(prefixes.prefix) desc
                    limit 1
                ),
                given.identifier
            ) as name
        from (select distinct unnest(identifiers) as identifier) as given
        where given.identifier is not null
    )

    select bare.identifier, bare.identifier, true
    from bare
    union all
    select bare.identifier, bare.name, false
    from bare
    where bare.name <> bare.identifier
    union all
    select bare.identifier, prefixes.prefix || '/' || bare.name, false
    from bare
    cross join prefixes
    where prefixes.prefix || '/' || bare.name <> bare.identifier;
$$;

comment on function internal.identifier_spellings(bigint, text[]) is
$$The spellings under which each identifier may be stored

As it is given, then without the prefix of a repository of the pathogen ({prefix}/, in any case), then
with each of those prefixes. What follows the prefix is compared letter by letter, case and all.$$;

revoke all on function internal.identifier_spellings(bigint, text[]) from public;
grant execute on function internal.identifier_spellings(bigint, text[]) to api_writer;
