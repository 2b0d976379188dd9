-- The name is the media type: a function that returns it is served as it is, whatever the Accept
-- header says. json would be parsed twice on the way out, once by its cast and once by PostgREST:
-- a tree of 5 MB takes twice as long. Here and not in internal, because PostgREST names it.
create domain api."*/*" as text;

comment on domain api."*/*" is 'Text whose media type the function itself says in its headers';
