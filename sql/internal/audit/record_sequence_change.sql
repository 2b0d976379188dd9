-- Row by row, because a transition table would copy the bases of every new sequence. Bases that
-- go are kept for api.restore_samples; the log names them by their checksum.
-- definer because only the auditor may write audit_log and replaced_sequences.
create or replace function internal.record_sequence_change()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
    -- Read here, because the statements below may be planned again for every row.
    caller_id bigint := authz.caller_id();
    acting_role text := authz.acting_role();
    checksum text;
    old_row jsonb;
    new_row jsonb;
    old_values jsonb;
    new_values jsonb;
begin
    -- A new revision tells that bases changed; comparing them takes long.
    if tg_op = 'UPDATE' and new.revision = old.revision then
        old.sequence := '';
        new.sequence := '';
    else
        checksum := encode(sha256(convert_to(old.sequence, 'UTF8')), 'hex');
        insert into aspen.replaced_sequences (
            group_id, sample_id, sequence_checksum, sequence, sequencing_date, sequencing_depth,
            stored_at
        )
        values (
            old.group_id, old.sample_id, checksum, old.sequence, old.sequencing_date,
            old.sequencing_depth, old.created_at
        );
        old.sequence := 'sha256:' || checksum;
        if tg_op = 'UPDATE' then
            new.sequence
                := 'sha256:' || encode(sha256(convert_to(new.sequence, 'UTF8')), 'hex');
        end if;
    end if;
    old_row := to_jsonb(old) - 'revision';
    if tg_op = 'UPDATE' then
        new_row := to_jsonb(new);
        select
            coalesce(jsonb_object_agg(cells.key, cells.value), '{}'),
            coalesce(jsonb_object_agg(cells.key, new_row -> cells.key), '{}')
        into old_values, new_values
        from jsonb_each(old_row) as cells
        where cells.value <> new_row -> cells.key;
    else
        old_values := old_row;
    end if;
    insert into aspen.audit_log (
        group_id, table_name, row_id, action, user_id, role_name, old_values, new_values
    )
    values (
        old.group_id,
        tg_table_name,
        old.id,
        lower(tg_op),
        caller_id,
        acting_role,
        old_values,
        new_values
    );
    return null;
end
$$;

comment on function internal.record_sequence_change() is
$$Trigger: record a changed or deleted sequence, and keep its bases

In the audit log a sequence is sha256: and its checksum; the bases go into replaced_sequences.$$;

revoke all on function internal.record_sequence_change() from public;
