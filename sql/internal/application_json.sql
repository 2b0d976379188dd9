-- The name is the media type: PostgREST sends the text as it is, where it would parse and write a
-- json value once more.
create domain internal."application/json" as text;

comment on domain internal."application/json" is 'Media type application/json, sent as it is';
