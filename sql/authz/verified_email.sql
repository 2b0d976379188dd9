-- Only a boolean counts: "true" in quotation marks is what a provider copies from an attribute that
-- a person may have written.
create or replace function authz.verified_email()
returns text
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
    claims jsonb := nullif(current_setting('request.jwt.claims', true), '')::jsonb;
begin
    if claims -> 'email_verified' = 'true' and jsonb_typeof(claims -> 'email') = 'string' then
        return claims ->> 'email';
    end if;
    return null;
end
$$;

comment on function authz.verified_email() is
'The e-mail address of the token, null unless its issuer verified it';

revoke all on function authz.verified_email() from public;
grant execute on function authz.verified_email() to claims_reader, registrar;
