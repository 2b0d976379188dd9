-- Changes of access are audited with who made them, and files lie below their own job's folder.
-- depends: 0004_create_job_tables 0005_create_audit_log

-- Role control sees every row; the owner is under row-level security itself.
set local role none;

-- Users and credentials belong to no group, and credentials and keys have no number.
-- squawk-ignore ban-drop-not-null
alter table aspen.audit_log alter column group_id drop not null;
-- squawk-ignore ban-drop-not-null
alter table aspen.audit_log alter column row_id drop not null;
-- The default comes after the column: nobody ran what is recorded so far.
alter table aspen.audit_log add column actor text;
alter table aspen.audit_log
alter column actor set default nullif(current_setting('aspen.operator', true), '');
alter table aspen.audit_log add column details jsonb;

comment on table aspen.audit_log is 'Append-only record of every change of a tenant row and of access';
comment on column aspen.audit_log.actor is 'Who ran the control plane; null for a request of the API';
comment on column aspen.audit_log.details is
$$What a change of access changed: values after it and, under "before", those that differed$$;

-- Whoever reads such an output reads another run's file. The file itself stays.
delete from aspen.job_outputs
where substring(key from '(?:^|/)jobs/([^/]*)') <> job_id::text;

alter table aspen.job_outputs
add constraint job_outputs_key_is_of_its_job_check
check (coalesce(substring(key from '(?:^|/)jobs/([^/]*)') = job_id::text, true)) not valid;

-- A job has a handful of outputs; the lock is held for their keys only.
-- squawk-ignore constraint-missing-not-valid
alter table aspen.job_outputs validate constraint job_outputs_key_is_of_its_job_check;

set local role aspen_owner;
