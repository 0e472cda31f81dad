use std::ffi::CStr;
use std::fmt;
use std::os::raw::c_char;

use crate::ffi;

/// What kind of error it was: a status of the C interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Status {
    /// An argument has a wrong size or is out of range.
    Argument,
    /// Not in the format that is read here, or cut short.
    Format,
    /// A file belongs to another model.
    Mismatch,
    /// A file is damaged.
    Checksum,
    /// This thread flushes subnormal numbers to zero.
    Subnormals,
    /// Out of memory.
    Memory,
    /// The model was not made for that.
    Unsupported,
    /// A number is larger than the type can hold.
    Range,
    /// There is nothing of that name.
    NotFound,
    /// The tensor is constant.
    Constant,
    /// The memory given is too small.
    Space,
    /// The model was made for another version of the interface.
    Abi,
    /// There is another one of that name.
    Exists,
    /// The description or text is wrong.
    Description,
    /// A result is infinite or no number.
    NotFinite,
    /// A file could not be read or written.
    Io,
    /// One that this crate does not know.
    Other(i32),
}

impl Status {
    pub(crate) fn from_code(code: i32) -> Status {
        match code {
            -1 => Status::Argument,
            -2 => Status::Format,
            -3 => Status::Mismatch,
            -4 => Status::Checksum,
            -5 => Status::Subnormals,
            -6 => Status::Memory,
            -7 => Status::Unsupported,
            -8 => Status::Range,
            -9 => Status::NotFound,
            -10 => Status::Constant,
            -11 => Status::Space,
            -12 => Status::Abi,
            -13 => Status::Exists,
            -14 => Status::Description,
            -15 => Status::NotFinite,
            other => Status::Other(other),
        }
    }
}

/// What went wrong, in words, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    status: Status,
    message: String,
    place: String,
    line: u32,
    column: u32,
}

/// A `Result` with this crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// Which kind of error.
    pub fn status(&self) -> Status {
        self.status
    }

    /// One sentence, or a few lines.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The place in the JSON, as `/layers/3/type`; the name of an argument, a tensor or a file; or empty.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// The line of the text, from 1, when the error is in a text.
    pub fn line(&self) -> Option<u32> {
        Some(self.line).filter(|&n| n > 0)
    }

    /// The column of the text, from 1, when the error is in a text.
    pub fn column(&self) -> Option<u32> {
        Some(self.column).filter(|&n| n > 0)
    }

    pub(crate) fn new(status: Status, place: &str, message: impl Into<String>) -> Error {
        Error { status, message: message.into(), place: place.into(), line: 0, column: 0 }
    }

    pub(crate) fn io(path: &std::path::Path, e: &std::io::Error) -> Error {
        Error::new(Status::Io, &path.display().to_string(), format!("{}: {e}", path.display()))
    }

    /// An error that has no more words than its status.
    pub(crate) fn from_code(code: i32, what: &str) -> Error {
        let text = text(unsafe { ffi::loom_status_text(code) });
        Error::new(Status::from_code(code), "", format!("{what}: {text}"))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match (self.place.as_str(), self.line) {
            ("", 0) => Ok(()),
            ("", line) => write!(f, " (line {line}, column {})", self.column),
            (_, 0) if !self.place.starts_with('/') || self.status == Status::Io => Ok(()),
            (place, 0) => write!(f, " (at {place})"),
            (place, line) => write!(f, " (at {place}, line {line}, column {})", self.column),
        }
    }
}

impl std::error::Error for Error {}

pub(crate) fn check(code: i32, what: &str) -> Result<()> {
    if code < 0 {
        return Err(Error::from_code(code, what));
    }
    Ok(())
}

/// A text of the library, which is UTF-8 and outlives the call.
pub(crate) fn text(p: *const c_char) -> String {
    if p.is_null() {
        return String::new();
    }
    unsafe { CStr::from_ptr(p) }.to_string_lossy().into_owned()
}

impl ffi::Error {
    pub(crate) fn none() -> ffi::Error {
        ffi::Error { status: 0, line: 0, column: 0, place: [0; 200], message: [0; 600] }
    }

    pub(crate) fn take(&self) -> Error {
        Error {
            status: Status::from_code(self.status),
            message: text(self.message.as_ptr()),
            place: text(self.place.as_ptr()),
            line: u32::try_from(self.line).unwrap_or(0),
            column: u32::try_from(self.column).unwrap_or(0),
        }
    }
}
