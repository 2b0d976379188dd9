-- Create what the control plane remembers about a database. Safe to run any number of times.

create schema if not exists control authorization aspen_owner;

comment on schema control is
'Bookkeeping of the control plane: applied migrations and loaded files';

create table if not exists control.applied_migrations (
    migration_id text constraint applied_migrations_pkey primary key,
    sha256 text not null
);

comment on table control.applied_migrations is
'Content of each migration as it was applied; yoyo remembers names only';

create table if not exists control.loaded_files (
    path text constraint loaded_files_pkey primary key,
    sha256 text not null,
    position integer
);

comment on table control.loaded_files is
'Files of sql/ the code objects of this database were loaded from, and their order';

-- Asked first, because the lock of `alter table` would wait for a running pg_dump.
do $$
begin
    if not exists (
        select from pg_catalog.pg_attribute as columns
        where columns.attrelid = 'control.loaded_files'::pg_catalog.regclass
            and columns.attname = 'position'
    ) then
        alter table control.loaded_files add column position integer;
    end if;
end
$$;

create table if not exists control.loaded_objects (
    classid oid not null,
    objid oid not null,
    kind text not null,
    identity text not null,
    paths text[] not null,
    mark text not null,
    constraint loaded_objects_pkey primary key (classid, objid)
);

comment on table control.loaded_objects is
'Code objects after the last load: the files that made each of them, and a mark that changes with it';
