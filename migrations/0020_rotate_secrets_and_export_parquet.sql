-- Lets deleted jobs take along their folder, exports be Parquet, and secrets of webhooks change.
-- depends: 0019_add_repository_jobs

-- A group has ten webhooks at most.
-- squawk-ignore-file constraint-missing-not-valid

comment on column aspen.object_prunes.key is
'Key of the object; one that ends with / is the folder of a deleted job, with everything in it';

alter table aspen.webhooks
add column former_secret text,
add column former_secret_ends_at aspen.moment,
add constraint webhooks_former_secret_form_check
check (former_secret ~ '^[A-Za-z0-9+/]{43}=$');

comment on column aspen.webhooks.former_secret is
'Secret that another one replaced; null if none signs besides it';
comment on column aspen.webhooks.former_secret_ends_at is
'When it ceases to sign messages as well; null without one';

set local role none;

insert into aspen.job_output_kinds (name, job_kind)
values ('export_parquet', 'export');

set local role aspen_owner;
