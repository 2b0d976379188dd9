-- NOTE: no write is granted: the control plane adds a dataset when an output names one.

alter table aspen.reference_datasets enable row level security;

alter table aspen.reference_datasets force row level security;

grant select on aspen.reference_datasets to member;

drop policy if exists reference_datasets_select_member on aspen.reference_datasets;

create policy reference_datasets_select_member on aspen.reference_datasets
for select
to member
using (true);

comment on policy reference_datasets_select_member on aspen.reference_datasets is
'Every signed-in user reads reference data';
