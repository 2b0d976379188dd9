-- Take back what sides.sql gave, before the code is loaded: the safety rules refuse it.

do $$
begin
    if exists (select from pg_catalog.pg_roles as roles where roles.rolname = 'unfenced') then
        revoke unfenced from authenticator;
    end if;
    if exists (select from pg_catalog.pg_roles as roles where roles.rolname = 'fastapi_baseline')
        and pg_catalog.to_regnamespace('aspen') is not null
    then
        revoke usage on schema aspen from fastapi_baseline;
        revoke select on all tables in schema aspen from fastapi_baseline;
    end if;
end
$$;
