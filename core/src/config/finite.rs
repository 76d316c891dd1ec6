//! Options that are numbers without a name in JSON: serde's JSON would write NaN and infinities as nothing, which may be read as
//! something else. Here they are marked, so that whoever builds or compiles with them can refuse them.

use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple, SerializeTupleStruct,
    SerializeTupleVariant, Serializer,
};
use serde_json::{Error, Value, json, value};

use super::Config;
use crate::Result;

/// The only key of an object that stands for a number which is not finite.
const MARK: &str = "__not_finite__";

/// A value as JSON; numbers that are not finite are marked.
pub(crate) fn to_value<T: Serialize + ?Sized>(value: &T) -> Result<Value, Error> {
    value.serialize(Marking)
}

/// A number as JSON, or its name in Python, by which files hold numbers that are not finite.
pub(crate) fn written(number: f64) -> Value {
    if number.is_nan() {
        "NaN".into()
    } else if number.is_infinite() {
        (if number > 0.0 { "Infinity" } else { "-Infinity" }).into()
    } else {
        number.into()
    }
}

/// What [`written`] wrote.
pub(crate) fn read_number(value: &Value) -> Option<f64> {
    match value.as_str() {
        Some("Infinity") => Some(f64::INFINITY),
        Some("-Infinity") => Some(f64::NEG_INFINITY),
        Some("NaN") => Some(f64::NAN),
        _ => value.as_f64(),
    }
}

/// A number as JSON, or its mark.
pub(crate) fn number(number: f32) -> Value {
    float(number.into())
}

fn float(number: f64) -> Value {
    if number.is_finite() { number.into() } else { json!({MARK: number.to_string()}) }
}

/// Refuses options that are not finite.
pub(crate) fn check_finite(class: &str, config: &Config) -> Result<()> {
    match config.iter().find_map(|(option, value)| Some((option, marked(value)?))) {
        Some((option, number)) => {
            Err(crate::Error::argument(format!("{option} of {class} is {number}: expected a finite number, as files hold no others")))
        }
        None => Ok(()),
    }
}

/// The first number in a value that is not finite.
fn marked(value: &Value) -> Option<&str> {
    match value {
        Value::Object(object) => match object.get(MARK) {
            Some(number) => number.as_str(),
            None => object.values().find_map(marked),
        },
        Value::Array(values) => values.iter().find_map(marked),
        _ => None,
    }
}

/// Writes as serde_json does, but for numbers that are not finite.
struct Marking;

/// A list or an object that is being written.
struct Within<W>(W);

/// What is no list and no object is written by serde_json.
macro_rules! as_it_is {
    ($($method:ident($type:ty))*) => {
        $(fn $method(self, value: $type) -> Result<Value, Error> {
            value::Serializer.$method(value)
        })*
    };
}

impl Serializer for Marking {
    type Ok = Value;
    type Error = Error;
    type SerializeSeq = Within<<value::Serializer as Serializer>::SerializeSeq>;
    type SerializeTuple = Within<<value::Serializer as Serializer>::SerializeTuple>;
    type SerializeTupleStruct = Within<<value::Serializer as Serializer>::SerializeTupleStruct>;
    type SerializeTupleVariant = Within<<value::Serializer as Serializer>::SerializeTupleVariant>;
    type SerializeMap = Within<<value::Serializer as Serializer>::SerializeMap>;
    type SerializeStruct = Within<<value::Serializer as Serializer>::SerializeStruct>;
    type SerializeStructVariant = Within<<value::Serializer as Serializer>::SerializeStructVariant>;

    fn serialize_f32(self, number: f32) -> Result<Value, Error> {
        Ok(float(number.into()))
    }

    fn serialize_f64(self, number: f64) -> Result<Value, Error> {
        Ok(float(number))
    }

    as_it_is! {
        serialize_bool(bool) serialize_i8(i8) serialize_i16(i16) serialize_i32(i32) serialize_i64(i64) serialize_i128(i128)
        serialize_u8(u8) serialize_u16(u16) serialize_u32(u32) serialize_u64(u64) serialize_u128(u128)
        serialize_char(char) serialize_str(&str) serialize_bytes(&[u8]) serialize_unit_struct(&'static str)
    }

    fn serialize_none(self) -> Result<Value, Error> {
        Ok(Value::Null)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Value, Error> {
        to_value(value)
    }

    fn serialize_unit(self) -> Result<Value, Error> {
        Ok(Value::Null)
    }

    fn serialize_unit_variant(self, _name: &'static str, _index: u32, variant: &'static str) -> Result<Value, Error> {
        Ok(variant.into())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _name: &'static str, value: &T) -> Result<Value, Error> {
        to_value(value)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Value, Error> {
        Ok(json!({variant: to_value(value)?}))
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Self::SerializeSeq, Error> {
        value::Serializer.serialize_seq(len).map(Within)
    }

    fn serialize_tuple(self, len: usize) -> Result<Self::SerializeTuple, Error> {
        value::Serializer.serialize_tuple(len).map(Within)
    }

    fn serialize_tuple_struct(self, name: &'static str, len: usize) -> Result<Self::SerializeTupleStruct, Error> {
        value::Serializer.serialize_tuple_struct(name, len).map(Within)
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Self::SerializeTupleVariant, Error> {
        value::Serializer.serialize_tuple_variant(name, index, variant, len).map(Within)
    }

    fn serialize_map(self, len: Option<usize>) -> Result<Self::SerializeMap, Error> {
        value::Serializer.serialize_map(len).map(Within)
    }

    fn serialize_struct(self, name: &'static str, len: usize) -> Result<Self::SerializeStruct, Error> {
        value::Serializer.serialize_struct(name, len).map(Within)
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Self::SerializeStructVariant, Error> {
        value::Serializer.serialize_struct_variant(name, index, variant, len).map(Within)
    }
}

/// The elements of a list, each of which may hold numbers.
macro_rules! elements {
    ($($list:ident $method:ident)*) => {
        $(impl<W: $list<Ok = Value, Error = Error>> $list for Within<W> {
            type Ok = Value;
            type Error = Error;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
                self.0.$method(&to_value(value)?)
            }

            fn end(self) -> Result<Value, Error> {
                self.0.end()
            }
        })*
    };
}

elements! {
    SerializeSeq serialize_element
    SerializeTuple serialize_element
    SerializeTupleStruct serialize_field
    SerializeTupleVariant serialize_field
}

/// The fields of an object, each of which may hold numbers.
macro_rules! fields {
    ($($object:ident)*) => {
        $(impl<W: $object<Ok = Value, Error = Error>> $object for Within<W> {
            type Ok = Value;
            type Error = Error;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Error> {
                self.0.serialize_field(name, &to_value(value)?)
            }

            fn end(self) -> Result<Value, Error> {
                self.0.end()
            }
        })*
    };
}

fields! { SerializeStruct SerializeStructVariant }

impl<W: SerializeMap<Ok = Value, Error = Error>> SerializeMap for Within<W> {
    type Ok = Value;
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        self.0.serialize_key(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.0.serialize_value(&to_value(value)?)
    }

    fn end(self) -> Result<Value, Error> {
        self.0.end()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Serialize;

    use super::*;

    #[derive(Serialize)]
    enum Kind {
        Unit,
        New(f64),
        Tuple(f32, i8),
        Struct { x: f32 },
    }

    #[derive(Serialize)]
    struct Wrapped(Option<f32>);

    #[derive(Serialize)]
    struct Pair(u8, char);

    #[derive(Serialize)]
    struct Within {
        inner: f32,
    }

    #[derive(Serialize)]
    struct All {
        kinds: Vec<Kind>,
        tuple: (f32, bool, &'static str),
        wrapped: Wrapped,
        pair: Pair,
        unit: (),
        map: BTreeMap<u8, f64>,
        #[serde(flatten)]
        within: Within,
    }

    fn all(x: f32) -> All {
        All {
            kinds: vec![Kind::Unit, Kind::New(f64::from(x)), Kind::Tuple(x, -1), Kind::Struct { x }],
            tuple: (x, true, "text"),
            wrapped: Wrapped(Some(x)),
            pair: Pair(255, 'c'),
            unit: (),
            map: BTreeMap::from([(1, f64::from(x))]),
            within: Within { inner: x },
        }
    }

    #[test]
    fn finite_numbers_are_written_as_serde_json_writes_them() {
        for x in [0.1, -0.0, f32::MAX] {
            assert_eq!(to_value(&all(x)).unwrap(), serde_json::to_value(all(x)).unwrap());
        }
    }

    #[test]
    fn numbers_that_are_not_finite_are_found_wherever_they_stand() {
        let Ok(Value::Object(config)) = to_value(&all(f32::NEG_INFINITY)) else { panic!("no object") };
        for option in ["kinds", "tuple", "wrapped", "map", "inner"] {
            let alone = Config::from_iter([(option.to_owned(), config[option].clone())]);
            let error = check_finite("All", &alone).unwrap_err();
            assert!(error.is_argument() && error.to_string().contains(&format!("{option} of All is -inf")), "{error}");
        }
        assert!(check_finite("All", &Config::from_iter([("pair".to_owned(), config["pair"].clone())])).is_ok());
    }
}
