-- The name is the media type: PostgREST serves a function or aggregate that returns it to clients
-- that accept it.
create domain internal."text/x-fasta" as text;

comment on domain internal."text/x-fasta" is 'Media type text/x-fasta';
