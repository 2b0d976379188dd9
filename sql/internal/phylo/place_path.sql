-- The expression that computes aspen.locations.path_key for tidy names: keep both in step. Whatever
-- looks up or makes a location by name compares this with that column. The names are tidied
-- together, because tidying takes the time; there is no `set` clause, so that the function is
-- inlined.
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

comment on function internal.place_path(text, text, text) is
$$The path_key of a location: equal for the same one in a region

Ignores case, white space and the form of Unicode.$$;

revoke all on function internal.place_path(text, text, text) from public;
grant execute on function internal.place_path(text, text, text) to api_writer;
