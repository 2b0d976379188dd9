-- For benchmarks of uploads: a group with one member, and the reference data an import needs.
insert into aspen.public_repositories (name)
values ('GISAID'), ('GenBank');

insert into aspen.pathogens (slug, name, organism, lineage_caller, nextclade_dataset_name)
values ('SC2', 'SARS-CoV-2', 'Severe acute respiratory syndrome coronavirus 2', 'PANGOLIN', 'sars-cov-2');

insert into aspen.groups (name, prefix)
values ('Bench Laboratory', 'BENCH');

insert into aspen.users (subject, name, email)
values ('bench|import', 'Bench Import', 'import@example.org');

insert into aspen.memberships (group_id, user_id, role)
select groups.id, users.id, 'member'
from aspen.groups as groups
cross join aspen.users as users
where groups.id <> 0;
