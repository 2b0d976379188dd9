create domain aspen.words_list as text[];

comment on domain aspen.words_list is 'A list of texts; leading and trailing white space of each is removed';
