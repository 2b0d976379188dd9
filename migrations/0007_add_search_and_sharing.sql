-- Locations are found by a name with typing errors.
-- depends: 0003_reword_comments

-- There are at most 100,000 locations.
alter table aspen.locations
-- squawk-ignore adding-field-with-default
add column search_key text generated always as (
    lower(
        regexp_replace(
            normalize(
                region
                || chr(31) || coalesce(country, '')
                || chr(31) || coalesce(division, '')
                || chr(31) || coalesce(location, ''),
                nfkd
            ),
            '[\u0300-\u036f]', '', 'g'
        )
    )
) stored;

comment on column aspen.locations.search_key is
'All names in lower case and without accents, joined by U+001F';

-- squawk-ignore require-concurrent-index-creation
create index locations_search_key_idx on aspen.locations using gin (search_key ext.gin_trgm_ops);
