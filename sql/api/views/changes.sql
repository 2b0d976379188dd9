-- Entries about access have their values in another column and another form.
-- NOTE: tables that are no resource, such as the inputs of jobs, are left out, and so are webhooks
-- and machine_tokens, which not every member sees; internal names are left out when an entry is
-- written (structure.sql, internal.record_sequence_change).
create or replace view api.changes
with (security_invoker = true)
as
select
    audit_log.id,
    audit_log.group_id,
    case audit_log.table_name
        when 'memberships' then 'group_members'
        else audit_log.table_name
    end as resource,
    audit_log.row_id,
    audit_log.action,
    case
        when audit_log.details is null then audit_log.old_values - 'updated_at'
        when audit_log.action = 'delete' then audit_log.details
        else audit_log.details -> 'before'
    end as old_values,
    case
        when audit_log.details is null then audit_log.new_values - 'updated_at'
        when audit_log.action = 'update' then audit_log.details - 'before'
    end as new_values,
    audit_log.user_id as changed_by_id,
    audit_log.occurred_at::aspen.moment as changed_at,
    audit_log.request_id
from aspen.audit_log as audit_log
where
    audit_log.table_name in (
        'accessions', 'group_grants', 'groups', 'invitations', 'job_outputs', 'job_schedules',
        'jobs', 'memberships', 'phylo_trees', 'sample_lineages', 'sample_mutations',
        'sample_qc_metrics', 'samples', 'sequences', 'share_links', 'submission_files',
        'submission_samples', 'submissions'
    );

comment on view api.changes is $$History of the rows of a group

One entry for each change of a row, whoever made it: a request, the control plane, or the change of
another row. Direct members and admins of the group see it. The newest come first with order=id.desc; the
next page is id=lt. and the last id. An insert has no values: they are those of the row, or the old values
of its next change. Entries from before values were kept have none either. restore_samples brings samples
back.$$;

comment on column api.changes.id is 'Identifier of the entry; later entries have higher ones';
comment on column api.changes.group_id is 'Group that owns the row; see groups in me';
comment on column api.changes.resource is
$$Resource of the row

accessions, group_grants, group_members, groups, invitations, job_outputs, job_schedules, jobs (also
phylo_runs), phylo_trees, sample_lineages, sample_mutations, sample_qc_metrics, samples, sequences,
share_links, submission_files, submission_samples or submissions.$$;
comment on column api.changes.row_id is 'id of the row in its resource';
comment on column api.changes.action is 'insert, update or delete';
comment on column api.changes.old_values is $$What was before, by column

{"column": value}: of an update the columns that changed, of a delete all of them. A sequence is sha256:
and its checksum. Null for an insert, and where none are kept.$$;
comment on column api.changes.new_values is $$What the columns of old_values became

Only of an update. For resources about access also the columns that stayed.$$;
comment on column api.changes.changed_by_id is
'User who made the change; null for the control plane';
comment on column api.changes.changed_at is 'When the request began that made the change';
comment on column api.changes.request_id is 'X-Request-Id of the request; null if unknown';

grant select on api.changes to member;
