-- Genomes from number bench.first to bench.last of one group, and one object of each in bench_objects:
-- run by a superuser. Triggers and foreign key checks are off; every row is made to satisfy them.
-- A genome is thirty of a thousand random blocks, so that it compresses as badly as letters can.

set session_replication_role = replica;

insert into aspen.pathogens (id, slug, name, organism)
values (1, 'SC2', 'SARS-CoV-2', 'Severe acute respiratory syndrome coronavirus 2')
on conflict do nothing;

insert into aspen.locations (id, region, country)
values (1, 'Europe', 'Switzerland')
on conflict do nothing;

insert into aspen.groups (id, name, prefix)
values (1, 'Bench Laboratory', 'BENCH')
on conflict do nothing;

insert into aspen.users (subject, name, email)
values ('bench|archive', 'Bench Archive', 'archive@example.org')
on conflict do nothing;

create temporary table blocks (
    id integer primary key,
    letters text not null
);

alter table blocks alter column letters set storage plain;

insert into blocks (id, letters)
select numbers.n, string_agg(substr('ACGT', 1 + floor(random() * 4)::integer, 1), '')
from generate_series(0, 999) as numbers (n)
cross join generate_series(1, 1000)
group by numbers.n;

analyze blocks;

insert into aspen.samples (
    id, group_id, pathogen_id, uploaded_by_id, location_id, private_identifier, public_identifier,
    collection_date, organism
)
select
    numbers.n,
    1,
    1,
    1,
    1,
    'LAB-' || numbers.n,
    'hCoV-19/Switzerland/BENCH-' || numbers.n || '/2024',
    date '2020-03-01' + (numbers.n % 2000)::integer,
    'Severe acute respiratory syndrome coronavirus 2'
from
    generate_series(
        current_setting('bench.first')::bigint, current_setting('bench.last')::bigint
    ) as numbers (n);

insert into aspen.sequences (group_id, sample_id, sequence, num_unambiguous_sites)
select 1, numbers.n, genomes.letters, 30000
from
    generate_series(
        current_setting('bench.first')::bigint, current_setting('bench.last')::bigint
    ) as numbers (n)
cross join lateral (
    select string_agg(blocks.letters, '') as letters
    from generate_series(1, 30) as places (n)
    inner join blocks
        on abs(hashint8extended(numbers.n * 30 + places.n, 0) % 1000) = blocks.id
) as genomes;

drop table blocks;

reset session_replication_role;
