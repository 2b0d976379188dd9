-- Create the users of an archive who are not here.
insert into aspen.users (subject, name, email)
select
    archived.subject,
    archived.name,
    archived.email
from pg_temp.archived_users as archived
where
    not exists (
        select from pg_temp.moved as moved
        where moved.table_name = 'users' and moved.old_id = archived.id
    )
returning subject;
