use std::fmt;
use std::os::raw::c_int;

/// A type of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Type {
    /// IEEE-754 binary32.
    F32,
    /// IEEE-754 binary64.
    F64,
    /// 8-bit integers.
    I8,
    /// 16-bit integers.
    I16,
    /// 32-bit integers.
    I32,
}

impl Type {
    pub(crate) fn code(self) -> c_int {
        match self {
            Type::F32 => 1,
            Type::F64 => 2,
            Type::I8 => 3,
            Type::I16 => 4,
            Type::I32 => 5,
        }
    }

    pub(crate) fn from_code(code: c_int) -> Type {
        match code {
            1 => Type::F32,
            2 => Type::F64,
            3 => Type::I8,
            4 => Type::I16,
            _ => Type::I32,
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Type::F32 => "f32",
            Type::F64 => "f64",
            Type::I8 => "i8",
            Type::I16 => "i16",
            Type::I32 => "i32",
        })
    }
}

mod sealed {
    pub trait Sealed {}
}

/// A Rust type that a network's numbers can have. Nothing outside of this crate can be one.
pub trait Number: sealed::Sealed + Copy + Default + Send + Sync + fmt::Debug + PartialEq + 'static {
    /// The same for the library.
    const TYPE: Type;
}

macro_rules! numbers {
    ($($rust:ty => $loom:ident),*) => {$(
        impl sealed::Sealed for $rust {}
        impl Number for $rust {
            const TYPE: Type = Type::$loom;
        }
    )*};
}
numbers!(f32 => F32, f64 => F64, i8 => I8, i16 => I16, i32 => I32);
