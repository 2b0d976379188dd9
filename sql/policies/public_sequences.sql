-- NOTE: no write is granted: the control plane loads the repositories.

grant select on aspen.public_sequences to member, api_writer;

create policy public_sequences_select_member on aspen.public_sequences
for select to member, api_writer
using (true);

comment on policy public_sequences_select_member on aspen.public_sequences is
'Every signed-in user reads reference data';
