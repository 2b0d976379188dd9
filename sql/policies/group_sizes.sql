-- NOTE: no write is granted: the control plane counts. Nor do members read it: group_usage counts
-- what they have at that moment.

grant select on aspen.group_sizes to observer;

create policy group_sizes_select_observer on aspen.group_sizes
for select to observer
using (true);

comment on policy group_sizes_select_observer on aspen.group_sizes is
'To tell which groups have most, and which are near a limit';
