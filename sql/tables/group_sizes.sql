-- What groups had when it was last counted, for metrics. Counting reads an index or a row for each
-- sample, which is too much for every scrape, and a number that each writer changed would make all
-- writers of a group wait for one another. So control metrics serve counts every ten minutes.
-- Limits do not rely on it.
create table aspen.group_sizes (
    group_id bigint constraint group_sizes_pkey primary key
    constraint group_sizes_group_id_fkey references aspen.groups (id) on delete cascade,
    samples bigint not null,
    sequence_bytes bigint not null,
    output_bytes bigint not null,
    upload_bytes bigint not null,
    jobs_requested bigint not null,
    counted_at timestamptz not null default now()
);

comment on table aspen.group_sizes is 'What groups had when it was last counted, for metrics';
comment on column aspen.group_sizes.samples is 'Samples, private ones included';
comment on column aspen.group_sizes.sequence_bytes is 'Bytes of their genomes';
comment on column aspen.group_sizes.output_bytes is 'Bytes of files that jobs wrote';
comment on column aspen.group_sizes.upload_bytes is 'Bytes of files that were sent and not deleted';
comment on column aspen.group_sizes.jobs_requested is
'Jobs that people requested in the 24 hours before';
