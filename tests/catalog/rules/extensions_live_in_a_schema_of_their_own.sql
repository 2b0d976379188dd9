-- No extension puts functions where callers could name them.
select extensions.extname::text as offender
from pg_catalog.pg_extension as extensions
where extensions.extnamespace::regnamespace::text <> 'ext' and extensions.extname <> 'plpgsql'
