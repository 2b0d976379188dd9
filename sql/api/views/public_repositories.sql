create or replace view api.public_repositories
with (security_invoker = true)
as
select
    public_repositories.id,
    public_repositories.name
from aspen.public_repositories as public_repositories;

comment on view api.public_repositories is $$Public sequence repositories

Every signed-in user reads; operators write.$$;

comment on column api.public_repositories.id is 'Key';
comment on column api.public_repositories.name is 'Name: GISAID, GenBank';

grant select on api.public_repositories to member;
grant insert, update, delete on api.public_repositories to operator;
