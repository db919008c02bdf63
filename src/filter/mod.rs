//! The filter grammar, the same in every list and in the logs: `word`, `!word`, `/regex/`,
//! `~fuzzy`, `field:value`, `age>2h`. Owner fills in.
