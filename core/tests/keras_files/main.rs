//! Files that Keras wrote: those of other people, where they are at hand, and those made by `make.py` beside this file.

mod bad;
mod made;
mod real;
