-- NOTE: no write is granted: job outputs are registered by the control plane.
-- The fence says word for word what the select policy says (policies/samples.sql).

alter table aspen.sample_qc_metrics enable row level security;

alter table aspen.sample_qc_metrics force row level security;

grant select on aspen.sample_qc_metrics to member;
grant select (id, group_id, sample_id), delete on aspen.sample_qc_metrics to results_keeper;

drop policy if exists sample_qc_metrics_fence on aspen.sample_qc_metrics;

create policy sample_qc_metrics_fence on aspen.sample_qc_metrics
as restrictive
for all
to member
using (
    group_id = any(nullif(current_setting('aspen.any_groups', true), '')::bigint[])
    and (not is_private or group_id = any(nullif(
        current_setting('aspen.full_groups', true),
        ''
    )::bigint[]))
)
with check (
    group_id = any(nullif(current_setting('aspen.any_groups', true), '')::bigint[])
    and (not is_private or group_id = any(nullif(
        current_setting('aspen.full_groups', true),
        ''
    )::bigint[]))
);

comment on policy sample_qc_metrics_fence on aspen.sample_qc_metrics is
'Only rows the caller may see, whatever other policies allow';

drop policy if exists sample_qc_metrics_select_group on aspen.sample_qc_metrics;

create policy sample_qc_metrics_select_group on aspen.sample_qc_metrics
for select
to member
using (
    group_id = any(nullif(current_setting('aspen.any_groups', true), '')::bigint[])
    and (not is_private or group_id = any(nullif(
        current_setting('aspen.full_groups', true),
        ''
    )::bigint[]))
);

comment on policy sample_qc_metrics_select_group on aspen.sample_qc_metrics is
'Visible like the sample: private rows to members and admins only';

drop policy if exists sample_qc_metrics_select_results_keeper on aspen.sample_qc_metrics;

create policy sample_qc_metrics_select_results_keeper on aspen.sample_qc_metrics
for select
to results_keeper
using (true);

comment on policy sample_qc_metrics_select_results_keeper on aspen.sample_qc_metrics is
'Found by the sample whose sequence changed';

drop policy if exists sample_qc_metrics_delete_results_keeper on aspen.sample_qc_metrics;

create policy sample_qc_metrics_delete_results_keeper on aspen.sample_qc_metrics
for delete
to results_keeper
using (true);

comment on policy sample_qc_metrics_delete_results_keeper on aspen.sample_qc_metrics is
'Results of a sequence that was replaced or deleted go';

create or replace trigger sample_qc_metrics_set_updated_at
before update on aspen.sample_qc_metrics
for each row
execute function internal.set_updated_at();

create or replace trigger sample_qc_metrics_record_insert
after insert on aspen.sample_qc_metrics
referencing new table as changed_rows
for each statement
execute function internal.record_changes();

create or replace trigger sample_qc_metrics_record_update
after update on aspen.sample_qc_metrics
referencing new table as changed_rows
for each statement
execute function internal.record_changes();

create or replace trigger sample_qc_metrics_record_delete
after delete on aspen.sample_qc_metrics
referencing old table as changed_rows
for each statement
execute function internal.record_changes();
