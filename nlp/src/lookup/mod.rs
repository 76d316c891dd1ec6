//! Keras' lookup layers: tokens to the indices of a vocabulary and back.

mod integer;
mod string;
mod table;
mod vectorization;

pub use self::integer::IntegerLookup;
pub use self::string::StringLookup;
pub use self::vectorization::{OutputMode, Split, Standardize, TextVectorization};
