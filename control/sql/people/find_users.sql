-- Find the users that texts name by subject, e-mail address or id, in this order.
select
    given.text,
    array_agg(found.id order by found.id) as ids
from (select distinct named.text from unnest(%(texts)s::text[]) as named (text)) as given
cross join
    lateral (
        select
            fitting.id,
            rank() over (order by fitting.place) as rank
        from (
            select
                users.id,
                1 as place
            from aspen.users as users
            where users.subject = given.text
            union all
            select
                users.id,
                2 as place
            from aspen.users as users
            where internal.is_same_address(users.email, given.text)
            union all
            select
                users.id,
                3 as place
            from aspen.users as users
            where users.id = case when given.text ~ '^[1-9][0-9]{0,17}$' then given.text::bigint end
        ) as fitting
    ) as found
where found.rank = 1
group by given.text
