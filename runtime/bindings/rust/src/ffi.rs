//! The C interface, as `runtime/loom.h` declares it. What is private there is opaque here.

use std::ffi::c_void;
use std::os::raw::{c_char, c_double, c_int};

pub const ABI: u32 = 1;

/// A network: its sizes, its tensors, the functions that run it. Its first field is the version of the interface.
#[repr(C)]
#[allow(non_camel_case_types)]
pub struct loom_model {
    pub(crate) abi: u32,
    _private: [u8; 0],
}

#[repr(C)]
pub struct Error {
    pub status: c_int,
    pub line: c_int,
    pub column: c_int,
    pub place: [c_char; 200],
    pub message: [c_char; 600],
}

#[repr(C)]
pub struct Options {
    pub kind: c_int,
    pub train: c_int,
    pub id: *const c_char,
    pub loss: *const c_char,
    pub clip_norm: c_double,
    pub name: *const c_char,
}

#[repr(C)]
pub struct SaveOptions {
    pub kind: c_int,
    pub scales: c_int,
    pub training: c_int,
    pub description: c_int,
}

#[repr(C)]
#[derive(Default)]
pub struct Schedule {
    pub kind: c_int,
    pub rate: c_double,
    pub end: c_double,
    pub factor: c_double,
    pub power: c_double,
    pub steps: c_double,
    pub warmup: c_double,
}

#[repr(C)]
pub struct Progress {
    pub calls: u64,
    pub batches: u64,
    pub steps: u64,
    pub pending: u64,
    pub schedule: Schedule,
}

#[repr(C)]
pub struct File {
    pub kind: c_int,
    pub training: c_int,
    pub progress: Progress,
    pub n_tensors: usize,
    pub id: *const c_char,
    pub description: *const c_char,
    pub id_size: usize,
    pub description_size: usize,
    pub bytes: *const u8,
    pub first: usize,
    pub last: usize,
}

pub type OnEpoch = unsafe extern "C" fn(*mut c_void, u64, c_double) -> c_int;

#[repr(C)]
pub struct FitOptions {
    pub epochs: u64,
    pub first_epoch: u64,
    pub learning_rate: c_double,
    pub shuffle: c_int,
    pub seed: u64,
    pub progress: Option<OnEpoch>,
    pub context: *mut c_void,
}

#[repr(C)]
pub struct Metrics {
    pub samples: usize,
    pub bucket: [usize; 7],
    pub score: c_double,
    pub deviation: c_double,
    pub score_sum: c_double,
    pub deviation_sum: c_double,
}

type Model = *const loom_model;
type Instance = *mut c_void;

extern "C" {
    pub fn loom_abi() -> u32;
    pub fn loom_status_text(status: c_int) -> *const c_char;

    pub fn loom_model_from_json(json: *const c_char, size: usize, o: *const Options, m: *mut Model, e: *mut Error) -> c_int;
    pub fn loom_model_free(m: Model);
    pub fn loom_register(m: Model) -> c_int;

    pub fn loom_model_id(m: Model) -> *const c_char;
    pub fn loom_model_description(m: Model) -> *const c_char;
    pub fn loom_model_type(m: Model) -> c_int;
    pub fn loom_model_batch(m: Model) -> usize;
    pub fn loom_input_rank(m: Model) -> c_int;
    pub fn loom_output_rank(m: Model) -> c_int;
    pub fn loom_input_dim(m: Model, i: c_int) -> usize;
    pub fn loom_output_dim(m: Model, i: c_int) -> usize;
    pub fn loom_input_size(m: Model) -> usize;
    pub fn loom_output_size(m: Model) -> usize;
    pub fn loom_can_train(m: Model) -> c_int;
    pub fn loom_can_backward(m: Model) -> c_int;
    pub fn loom_instance_size(m: Model) -> usize;

    pub fn loom_tensor_count(m: Model) -> c_int;
    pub fn loom_tensor_name(m: Model, i: c_int) -> *const c_char;
    pub fn loom_tensor_layer(m: Model, i: c_int) -> *const c_char;
    pub fn loom_tensor_role(m: Model, i: c_int) -> c_int;
    pub fn loom_tensor_rank(m: Model, i: c_int) -> c_int;
    pub fn loom_tensor_dim(m: Model, i: c_int, k: c_int) -> usize;
    pub fn loom_tensor_size(m: Model, i: c_int) -> usize;
    pub fn loom_tensor_data(m: Model, instance: Instance, i: c_int) -> *mut c_void;

    pub fn loom_instance_new(m: Model, instance: *mut Instance) -> c_int;
    pub fn loom_instance_free(m: Model, instance: Instance);
    pub fn loom_reset(m: Model, instance: Instance) -> c_int;
    pub fn loom_forward(m: Model, instance: Instance, x: *const c_void, n: usize, y: *mut c_void, n_y: usize) -> c_int;
    pub fn loom_train(m: Model, instance: Instance, x: *const c_void, y: *const c_void, samples: usize, loss: *mut c_double) -> c_int;
    pub fn loom_backward(m: Model, instance: Instance, x: *const c_void, y: *const c_void, loss: *mut c_double) -> c_int;
    pub fn loom_update(m: Model, instance: Instance) -> c_int;
    pub fn loom_clear(m: Model, instance: Instance) -> c_int;
    pub fn loom_learning_rate(m: Model, instance: Instance, rate: *mut c_double) -> c_int;
    pub fn loom_steps(m: Model, instance: Instance, steps: *mut u64) -> c_int;
    pub fn loom_set_learning_rate(m: Model, instance: Instance, rate: c_double) -> c_int;
    pub fn loom_get_schedule(m: Model, instance: Instance, schedule: *mut Schedule) -> c_int;
    pub fn loom_set_schedule(m: Model, instance: Instance, schedule: *const Schedule) -> c_int;
    pub fn loom_fit(
        m: Model,
        instance: Instance,
        x: *const c_void,
        y: *const c_void,
        samples: usize,
        o: *const FitOptions,
        loss: *mut c_double,
    ) -> c_int;
    pub fn loom_prediction(kind: c_int, output: *const c_void, n: usize) -> c_double;
    pub fn loom_metrics_add(metrics: *mut Metrics, expected: c_double, actual: c_double);

    pub fn loom_save(m: Model, instance: Instance, o: *const SaveOptions, bytes: *mut c_void, room: usize, size: *mut usize) -> c_int;
    pub fn loom_load(m: Model, instance: Instance, bytes: *const c_void, size: usize) -> c_int;
    pub fn loom_load_problem(m: Model, instance: Instance, bytes: *const c_void, size: usize) -> *const c_char;
    pub fn loom_file_open(bytes: *const c_void, size: usize, f: *mut File) -> c_int;
    pub fn loom_bundle_save(m: Model, instance: Instance, id: *const c_char, e: *mut Error) -> *const c_char;
    pub fn loom_bundle_load(m: Model, instance: Instance, json: *const c_char, size: usize, id: *const c_char, e: *mut Error) -> c_int;
    #[link_name = "FreeLoomString"]
    pub fn free_text(text: *const c_char);
}
