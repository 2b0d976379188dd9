create or replace function api.kept_answer()
returns api."*/*"
language sql
stable
security invoker
begin atomic
    select internal.kept_answer();
end;

comment on function api.kept_answer() is $$The answer to your request with an Idempotency-Key

Send the same Idempotency-Key: the answer has the status, the body and the headers of the first one, as
application/json, and Idempotency-Replayed: true. Answers are kept for 24 hours. Whoever lost access to
a group, or sends a token with another role, does not see what they were answered before. Links and
tokens that are shown once are null. Errors: 404 answer_not_found; 409 answer_not_kept,
answer_withheld.$$;

revoke all on function api.kept_answer() from public;
grant execute on function api.kept_answer() to member;
