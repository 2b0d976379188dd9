-- NOTE: nothing is granted to API roles: no resource of the API shows this table.

grant insert (
    group_id, sample_id, sequence_checksum, sequence, sequencing_date, sequencing_depth, stored_at
) on aspen.replaced_sequences to auditor;

create policy replaced_sequences_insert_auditor on aspen.replaced_sequences
for insert to auditor
with check (true);

comment on policy replaced_sequences_insert_auditor on aspen.replaced_sequences is
'Written by the trigger of sequences';
