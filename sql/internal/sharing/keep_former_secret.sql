create or replace function internal.keep_former_secret()
returns trigger
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
    new.former_secret := case
        when new.former_secret_ends_at is not null then old.secret
    end;
    return new;
end
$$;

comment on function internal.keep_former_secret() is
'Trigger: keep the secret that another one replaces, as long as it signs';

revoke all on function internal.keep_former_secret() from public;
