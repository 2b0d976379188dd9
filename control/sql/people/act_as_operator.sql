-- Act as an operator, with the address of the web app that requests to the API have.
select
    set_config(
        'aspen.invitation_url',
        coalesce((
            select substr(settings.setting, length('aspen.invitation_url=') + 1)
            from pg_db_role_setting as stored
            cross join lateral unnest(stored.setconfig) as settings (setting)
            where
                stored.setrole = 'authenticator'::regrole
                and stored.setdatabase in (
                    0, (
                        select databases.oid from pg_database as databases
                        where databases.datname = current_database()
                    )
                )
                and settings.setting like 'aspen.invitation\_url=%%'
            order by stored.setdatabase desc
            limit 1
        ), current_setting('aspen.invitation_url', true), ''),
        true
    ) as invitation_url,
    set_config('role', 'operator', true) as role
