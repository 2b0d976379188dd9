-- The tips of a tree and their samples, until they are stored. A transaction may register
-- several jobs.
drop table if exists pg_temp.staged_tips, pg_temp.staged_links;

create temporary table staged_tips (
    position integer primary key,
    full_name text not null,
    name text not null,
    accession text,
    segment text not null
) on commit drop;

create temporary table staged_links (
    position integer primary key,
    sample_group_id bigint not null,
    sample_id bigint not null
) on commit drop;
