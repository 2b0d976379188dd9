-- NOTE: no write is granted: the control plane adds a dataset when an output names one.

grant select on aspen.reference_datasets to member;

create policy reference_datasets_select_member on aspen.reference_datasets
for select to member
using (true);

comment on policy reference_datasets_select_member on aspen.reference_datasets is
'Every signed-in user reads reference data';
