create domain aspen.words as text;

comment on domain aspen.words is 'A text; leading and trailing white space is removed';
