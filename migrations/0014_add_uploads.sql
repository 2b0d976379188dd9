-- Lets links name the bucket as the host of the storage does.
-- depends: 0011_add_job_reports

alter table aspen.storage_credentials
add column addressing_style text not null default 'path'
constraint storage_credentials_addressing_style_check
check (addressing_style in ('path', 'virtual'));

comment on column aspen.storage_credentials.addressing_style is
'Where a link names the bucket: path, or virtual for the name of the host';
