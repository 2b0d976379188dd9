-- volatile, because the use is counted, so that only POST calls it; the edge makes one of a GET of
-- /shared/sequences/{token}.
create or replace function api.shared_sequences(token text)
returns api."*/*"
language sql
volatile
security invoker
set statement_timeout = '10s'
begin atomic
    select internal.shared_sequences(shared_sequences.token);
end;

comment on function api.shared_sequences(text) is $$The sequences of a link, as FASTA

token: of a link that share_sequences made. Needs no other token. GET of the url of the link answers the
same. Names are public identifiers, in the order of sample ids; the header Samples-Left-Out counts the
samples that were deleted, became private or lost their sequence since. Errors: 404 link_not_found,
whether the link never existed, has expired, was revoked, or its creator may no longer read the
sequences; 400 invalid_preference; 413 export_too_large.$$;

revoke all on function api.shared_sequences(text) from public;
grant execute on function api.shared_sequences(text) to anon, member;
