-- Find the users of an archive here: by subject, otherwise by an e-mail address that only one has.
insert into pg_temp.moved (table_name, old_id, new_id)
select
    'users' as table_name,
    archived.id,
    coalesce(by_subject.id, by_email.id) as new_id
from pg_temp.archived_users as archived
left join aspen.users as by_subject on archived.subject = by_subject.subject
left join lateral (
    select min(users.id) as id
    from aspen.users as users
    where lower(users.email) = lower(archived.email)
    having count(*) = 1
) as by_email on true
where coalesce(by_subject.id, by_email.id) is not null;
