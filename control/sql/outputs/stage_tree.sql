-- Create tables for the names of a tree that may be samples, those that are, and its tips. A
-- transaction may register several jobs.
drop table if exists pg_temp.staged_names, pg_temp.staged_links, pg_temp.staged_tips;

create temporary table staged_names (
    position integer primary key,
    full_name text not null
) on commit drop;

create temporary table staged_links (
    full_name text primary key,
    sample_group_id bigint not null,
    sample_id bigint not null
) on commit drop;

create temporary table staged_tips (
    position integer primary key,
    full_name text not null,
    name text not null,
    accession text,
    segment text not null,
    is_tip boolean not null
) on commit drop;
