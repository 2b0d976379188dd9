-- The index finds the candidates. The whole text is compared second, so that France comes before
-- everything that is in France. Of 100,000 locations a town is found in 1 ms; ranking takes 36 µs
-- for each that matches. The threshold finds words with one letter missing, wrong or
-- swapped: "frnace" and France have 0.28; with the 0.6 of pg_trgm it finds nothing. The body sets
-- it: only a superuser may make a function with a setting of a library that is not loaded yet.
create or replace function api.search_locations(
    query text default '',
    depth text default 'location'
)
returns table (
    id bigint,
    region aspen.words,
    country aspen.words,
    division aspen.words,
    location aspen.words,
    latitude aspen.amount,
    longitude aspen.amount,
    similarity real
)
language sql
stable
security invoker
rows 100
begin atomic
    select set_config('pg_trgm.word_similarity_threshold', '0.25', true);

    select
        authz.fail(
            400, 'invalid_argument', 'depth must be region, country, division or location',
            json_build_object('depth', left(search_locations.depth, 200))::text
        )
    where
        search_locations.depth is null
        or search_locations.depth not in ('region', 'country', 'division', 'location');

    select
        authz.fail(
            400, 'invalid_argument', 'query must have at most 200 characters',
            json_build_object('query', left(search_locations.query, 200))::text
        )
    where length(search_locations.query) > 200;

    with sought as materialized (
        select
            lower(
                regexp_replace(
                    normalize(internal.trimmed(search_locations.query), nfkd),
                    '[\u0300-\u036f]', '', 'g'
                )
            ) as text
    ),

    found as (
        select
            locations.*,
            ext.word_similarity(sought.text, locations.search_key) as word_similarity,
            ext.similarity(sought.text, locations.search_key) as similarity
        from sought
        inner join aspen.locations as locations
            on locations.search_key operator (ext.%>) sought.text
        union all
        select
            locations.*,
            null as word_similarity,
            null as similarity
        from sought
        cross join aspen.locations as locations
        where sought.text is null
    )

    select
        found.id,
        found.region,
        found.country,
        found.division,
        found.location,
        found.latitude,
        found.longitude,
        found.word_similarity
    from found
    where
        case search_locations.depth
            when 'region' then found.country is null
            when 'country' then found.division is null
            when 'division' then found.location is null
            else true
        end
    order by
        found.word_similarity desc,
        found.similarity desc,
        found.region asc,
        found.country asc nulls first,
        found.division asc nulls first,
        found.location asc nulls first;
end;

comment on function api.search_locations(text, text) is $$Locations by a name as people type it

query: names of one or several levels in any spelling, such as "grnd est" or "sao paulo brasil", at
most 200 characters; typing errors, case and accents do not matter. The best match comes first and,
among equal ones, the whole country before what is in it. Blank or missing: all locations by name.
depth: deepest level that is returned: region, country, division or location (the default).
similarity: 0 to 1, how well the names match; null without a query. Nothing similar is an empty list.
Filter and limit the answer like a resource, with country=eq.France or limit=10. Errors: 400
invalid_argument.$$;

revoke all on function api.search_locations(text, text) from public;
grant execute on function api.search_locations(text, text) to member;
