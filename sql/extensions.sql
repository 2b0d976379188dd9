-- Extensions, in their own schema. Run by an administrator in the new database, because not every
-- managed PostgreSQL lets the database's owner create them. Distances on trees need none: functions
-- of earthdistance look their own parts up by name, which a pinned search_path does not allow.

create schema if not exists ext authorization aspen_owner;

create extension if not exists fuzzystrmatch with schema ext;

create extension if not exists pg_trgm with schema ext;

-- Counts what statements cost, for `control db top`, where the server loads the library at
-- its start (shared_preload_libraries). Texts of statements are for control alone. No
-- function is granted: their arguments differ by version, and a backup may come from another.
do $$
begin
    if exists (
        select from pg_catalog.pg_available_extensions as available
        where available.name = 'pg_stat_statements'
    ) then
        create extension if not exists pg_stat_statements with schema ext;
        revoke all on ext.pg_stat_statements, ext.pg_stat_statements_info from public;
        grant usage on schema ext to control;
        grant select on ext.pg_stat_statements, ext.pg_stat_statements_info to control;
    end if;
end
$$;
