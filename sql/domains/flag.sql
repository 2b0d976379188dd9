create domain aspen.flag as boolean;

comment on domain aspen.flag is 'Yes or no, written true or false';
