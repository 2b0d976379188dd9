-- NOTE: no write is granted: the control plane records what operators sent.

grant select on aspen.submission_samples to member;

create policy submission_samples_select_group on aspen.submission_samples
for select to member
using (group_id = any(authz.full_groups()));

comment on policy submission_samples_select_group on aspen.submission_samples is
'Some may be private: for members and admins, direct or granted';
