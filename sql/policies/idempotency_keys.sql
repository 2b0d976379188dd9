-- NOTE: nothing is granted to API roles: an answer is shown by kept_answer only, to who sent the
-- request.

grant select on aspen.idempotency_keys to claims_reader;
grant insert (
    subject, key_hash, path, request_hash, role_name, any_groups, full_groups, created_at
) on aspen.idempotency_keys to claims_reader;
grant update (
    path, request_hash, role_name, any_groups, full_groups, status, headers, body, created_at
) on aspen.idempotency_keys to claims_reader;
grant select (created_at) on aspen.idempotency_keys to observer;

create policy idempotency_keys_select_claims_reader on aspen.idempotency_keys
for select to claims_reader
using (true);

comment on policy idempotency_keys_select_claims_reader on aspen.idempotency_keys is
'To find the answer to a request that is sent again';

create policy idempotency_keys_insert_claims_reader on aspen.idempotency_keys
for insert to claims_reader
with check (true);

comment on policy idempotency_keys_insert_claims_reader on aspen.idempotency_keys is
'Before a request with a key is executed';

create policy idempotency_keys_update_claims_reader on aspen.idempotency_keys
for update to claims_reader
using (true)
with check (true);

comment on policy idempotency_keys_update_claims_reader on aspen.idempotency_keys is
'The answer is added, and a key that is older than a day starts again';

create policy idempotency_keys_select_observer on aspen.idempotency_keys
for select to observer
using (true);

comment on policy idempotency_keys_select_observer on aspen.idempotency_keys is
'To tell how old the oldest is';
