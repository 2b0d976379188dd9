-- Extensions, in their own schema. Run by an administrator in the new database, because not every
-- managed PostgreSQL lets the database's owner create them. Distances on trees need none: functions
-- of earthdistance look their own parts up by name, which a pinned search_path does not allow.

create schema if not exists ext authorization aspen_owner;

create extension if not exists fuzzystrmatch with schema ext;

create extension if not exists pg_trgm with schema ext;
