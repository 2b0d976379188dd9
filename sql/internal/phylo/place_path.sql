-- What aspen.locations.path_key is computed to for names that are tidy: keep both in step. Whoever
-- looks up or makes a place by name compares this with that column. The names are tidied together,
-- because that is what takes the time, and without a `set` clause, so that it is inlined.
create or replace function internal.place_path(country text, division text, location text)
returns text
language sql
immutable
security invoker
begin atomic
    select
        lower(
            replace(
                replace(
                    internal.tidy_name(
                        coalesce(place_path.country, '')
                        || chr(31) || coalesce(place_path.division, '')
                        || chr(31) || coalesce(place_path.location, '')
                    ),
                    ' ' || chr(31), chr(31)
                ),
                chr(31) || ' ', chr(31)
            )
        );
end;

comment on function internal.place_path(text, text, text) is $$What makes a place the same place in its region: its path_key

However it is written: case, blanks and form of Unicode do not count.$$;

revoke all on function internal.place_path(text, text, text) from public;
grant execute on function internal.place_path(text, text, text) to api_writer;
