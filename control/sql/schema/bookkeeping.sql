-- What the control plane remembers about a database. Safe to run any number of times.

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
    sha256 text not null
);

comment on table control.loaded_files is
'Files of sql/ the code objects of this database were loaded from';
