-- Role control sees every row; the owner is under row-level security itself.
set local role none;

alter table aspen.job_outputs drop constraint job_outputs_key_is_of_its_job_check;

-- What belongs to no group cannot stay in a log by group.
alter table aspen.audit_log disable trigger user;
delete from aspen.audit_log
where group_id is null or row_id is null;
alter table aspen.audit_log enable trigger user;

comment on table aspen.audit_log is 'Append-only record of every change of a tenant row';
alter table aspen.audit_log drop column details;
alter table aspen.audit_log drop column actor;
alter table aspen.audit_log alter column row_id set not null;
alter table aspen.audit_log alter column group_id set not null;

set local role aspen_owner;
