-- NOTE: no write is granted: job outputs are registered by the control plane.

alter table aspen.aligned_sequences enable row level security;

alter table aspen.aligned_sequences force row level security;

grant select on aspen.aligned_sequences to member;
grant select (id, group_id, sample_id), delete on aspen.aligned_sequences to results_keeper;

drop policy if exists aligned_sequences_fence on aspen.aligned_sequences;

create policy aligned_sequences_fence on aspen.aligned_sequences
as restrictive
for all
to member
using (
    group_id = any(nullif(current_setting('aspen.any_groups', true), '')::bigint[])
)
with check (
    group_id = any(nullif(current_setting('aspen.any_groups', true), '')::bigint[])
);

comment on policy aligned_sequences_fence on aspen.aligned_sequences is
'Only rows of groups the caller sees, whatever other policies allow';

drop policy if exists aligned_sequences_select_group on aspen.aligned_sequences;

create policy aligned_sequences_select_group on aspen.aligned_sequences
for select
to member
using (
    group_id = any(nullif(current_setting('aspen.full_groups', true), '')::bigint[])
);

comment on policy aligned_sequences_select_group on aspen.aligned_sequences is
'Sequences are for members and admins, direct or granted';

drop policy if exists aligned_sequences_select_results_keeper on aspen.aligned_sequences;

create policy aligned_sequences_select_results_keeper on aspen.aligned_sequences
for select
to results_keeper
using (true);

comment on policy aligned_sequences_select_results_keeper on aspen.aligned_sequences is
'Found by the sample whose sequence changed';

drop policy if exists aligned_sequences_delete_results_keeper on aspen.aligned_sequences;

create policy aligned_sequences_delete_results_keeper on aspen.aligned_sequences
for delete
to results_keeper
using (true);

comment on policy aligned_sequences_delete_results_keeper on aspen.aligned_sequences is
'Results of a sequence that was replaced or deleted go';

create or replace trigger aligned_sequences_record_row_change
after insert or update or delete on aspen.aligned_sequences
for each row
execute function internal.record_row_change();
