-- Remove from the audit log what rows of a group contained. Who changed which row when stays, and
-- so do the records of erasing it.
update aspen.audit_log
set details = null, old_values = null, new_values = null
where
    group_id = %(group_id)s
    and num_nonnulls(details, old_values, new_values) > 0
    and not coalesce(details ? 'erased', false);
