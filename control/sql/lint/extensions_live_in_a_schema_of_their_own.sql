-- No extension puts functions where callers could name them.
-- Fix: alter extension … set schema ext, and create it so in sql/extensions.sql.
select extensions.extname::text as object
from pg_catalog.pg_extension as extensions
where extensions.extnamespace::regnamespace::text <> 'ext' and extensions.extname <> 'plpgsql'
