create domain aspen.words as text;

comment on domain aspen.words is 'A text; blanks around it are not part of it';
