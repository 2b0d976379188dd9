set local role none;

-- Nothing can name such files afterwards; their objects are queued for deletion.
delete from aspen.job_outputs
where kind = 'export_parquet';

delete from aspen.job_output_kinds
where name = 'export_parquet';

set local role aspen_owner;

comment on column aspen.object_prunes.key is null;

alter table aspen.webhooks
drop column former_secret,
drop column former_secret_ends_at;
