-- NOTE: nothing is granted to API roles: no resource of the API shows this table.

grant insert (
    group_id, sample_id, sequence_checksum, sequence, sequencing_date, sequencing_depth, stored_at
) on aspen.replaced_sequences to auditor;

create policy replaced_sequences_insert_auditor on aspen.replaced_sequences
for insert to auditor
with check (true);

comment on policy replaced_sequences_insert_auditor on aspen.replaced_sequences is
'Written by the trigger of sequences';

grant select on aspen.replaced_sequences to api_writer;

create policy replaced_sequences_select_writer on aspen.replaced_sequences
for select to api_writer
using (group_id = any(authz.member_groups()));

comment on policy replaced_sequences_select_writer on aspen.replaced_sequences is
'To restore samples for a direct member or admin';
