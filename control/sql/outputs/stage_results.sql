-- Create tables for the rows of a job's files until they are stored. A transaction may register
-- several jobs.
drop table if exists pg_temp.held_samples,
pg_temp.staged_lineages,
pg_temp.staged_qc,
pg_temp.staged_alignments;

create temporary table held_samples (
    id bigint primary key,
    group_id bigint not null,
    disclosed_at timestamptz not null
) on commit drop;

create temporary table staged_lineages (
    sample_id bigint primary key,
    lineage text,
    failure text,
    software_version text not null,
    probability double precision,
    scorpio_call text,
    scorpio_support double precision,
    raw_output jsonb not null
) on commit drop;

create temporary table staged_qc (
    sample_id bigint primary key,
    qc_score double precision,
    qc_status text not null,
    raw_output jsonb not null,
    substitutions text[] not null,
    insertions text[] not null,
    deletions text[] not null,
    aa_substitutions text[] not null,
    aa_insertions text[] not null,
    aa_deletions text[] not null
) on commit drop;

create temporary table staged_alignments (
    sample_id bigint primary key,
    sequence text not null
) on commit drop;

-- Nucleotides do not compress: external storage saves the attempt.
alter table staged_alignments alter column sequence set storage external;
