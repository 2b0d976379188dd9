create or replace view api.public_repositories
with (security_invoker = true)
as
select
    public_repositories.id,
    public_repositories.name
from aspen.public_repositories as public_repositories;

comment on view api.public_repositories is $$Public sequence repositories

Every signed-in user reads them; operators write them. One that other rows refer to is not deleted.
Errors: 400 invalid_value, 400 23514 if the name breaks its rule, 400 23001 or 409 23503 if other rows
refer to it; 409 23505 if the name is taken.$$;

comment on column api.public_repositories.id is 'Identifier of the row';
comment on column api.public_repositories.name is
'Name, 1 to 64 characters, unique: GISAID, GenBank';

grant select on api.public_repositories to member;
grant insert, update, delete on api.public_repositories to operator;
