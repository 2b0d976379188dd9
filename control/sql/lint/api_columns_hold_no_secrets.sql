-- No column of a resource is a token, a password or a key by its name: whoever sees the row would
-- have it.
-- Fix: leave the column out of the view, or list it here with the reason.
select format('%s.%s', views.oid::regclass, columns.attname) as object
from pg_catalog.pg_class as views
inner join pg_catalog.pg_attribute as columns
    on views.oid = columns.attrelid
where
    views.relnamespace::regnamespace::text ~ '^api(_v[0-9]+)?$'
    and views.relkind in ('v', 'm', 'r', 'p')
    and columns.attnum > 0
    and not columns.attisdropped
    and columns.attname ~ (
        '(^|_)(token|hash|secret|key|password|passphrase|passcode|credential|signature|otp'
        || '|pin|ssn|iban|cvv)s?(_|$)'
    )
    -- The key of an object in S3, whose bucket asks for credentials or a signed link; a time.
    and (views.relname, columns.attname) not in (
        ('job_outputs', 'key'), ('webhooks', 'former_secret_ends_at')
    )
