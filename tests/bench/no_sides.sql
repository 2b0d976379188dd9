-- Take back what sides.sql gave, before the code is loaded: the safety rules refuse it.

do $$
begin
    if exists (select from pg_catalog.pg_roles as roles where roles.rolname = 'unfenced') then
        revoke unfenced from authenticator;
    end if;
end
$$;
