create domain aspen.words_list as text[];

comment on domain aspen.words_list is 'A list of texts; blanks around each are not part of it';
