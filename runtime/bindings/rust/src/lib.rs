#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod error;
#[allow(missing_docs)]
pub mod ffi;
mod model;
mod network;
mod number;

pub use error::{Error, Result, Status};
pub use model::{Info, Model, Options, Role, Tensor};
pub use network::{Metrics, Network, Saving, Schedule, ScheduleKind, Training};
pub use number::{Number, Type};
