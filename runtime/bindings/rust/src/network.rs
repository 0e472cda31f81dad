use std::any::Any;
use std::ffi::{c_void, CStr};
use std::fmt;
use std::fs;
use std::marker::PhantomData;
use std::ops::ControlFlow;
use std::os::raw::{c_char, c_int};
use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};
use std::path::Path;
use std::ptr;

use crate::error::{check, text, Error, Result, Status};
use crate::ffi;
use crate::model::{c_text, Model, Role, Tensor};
use crate::number::{Number, Type};

/// A running copy of a [`Model`], with weights, states and progress of its own.
///
/// It may move to another thread, but takes one call at a time: what changes it wants `&mut self`, so that a program in
/// which two threads run one network does not compile.
///
/// ```compile_fail,E0499
/// # let model = loom::Model::from_json("{}").unwrap();
/// let mut network = model.network::<f32>().unwrap();
/// std::thread::scope(|s| {
///     s.spawn(|| network.run(&[0.0]));
///     s.spawn(|| network.run(&[1.0])); // a second &mut
/// });
/// ```
///
/// ```compile_fail,E0277
/// # let model = loom::Model::from_json("{}").unwrap();
/// let network = model.network::<f32>().unwrap();
/// std::thread::scope(|s| {
///     s.spawn(|| network.tensor("first_kernel").is_some()); // &Network is not Send
/// });
/// ```
///
/// Nor does one that keeps weights longer than their network:
///
/// ```compile_fail,E0505
/// # let model = loom::Model::from_json("{}").unwrap();
/// let network = model.network::<f32>().unwrap();
/// let weights = network.tensor("first_kernel").unwrap();
/// drop(network);
/// println!("{weights:?}");
/// ```
pub struct Network<T: Number> {
    model: Model,
    instance: *mut c_void,
    input_size: usize,
    output_size: usize,
    numbers: PhantomData<T>,
}

// An instance belongs to no thread.
unsafe impl<T: Number> Send for Network<T> {}

/// How [`Network::train`] trains. By default as the description says, with the samples shuffled.
#[derive(Clone, Debug, PartialEq)]
pub struct Training {
    epochs: u64,
    first_epoch: u64,
    learning_rate: f64,
    shuffle: bool,
    seed: Option<u64>,
}

impl Default for Training {
    fn default() -> Training {
        Training { epochs: 0, first_epoch: 0, learning_rate: 0.0, shuffle: true, seed: None }
    }
}

impl Training {
    /// As the description says.
    pub fn new() -> Training {
        Training::default()
    }

    /// How often all samples are seen; without it "epochs" of the description's "training", or 10.
    pub fn epochs(mut self, epochs: u64) -> Training {
        self.epochs = epochs;
        self
    }

    /// The epochs that were before, of a training that goes on.
    pub fn first_epoch(mut self, epochs: u64) -> Training {
        self.first_epoch = epochs;
        self
    }

    /// A constant rate; without it the schedule of the description.
    pub fn learning_rate(mut self, rate: f64) -> Training {
        self.learning_rate = rate;
        self
    }

    /// Whether each epoch takes the samples in an order of its own; else in that in which they are given.
    pub fn shuffle(mut self, yes: bool) -> Training {
        self.shuffle = yes;
        self
    }

    /// What these orders depend on, instead of the description's seed.
    pub fn seed(mut self, seed: u64) -> Training {
        self.seed = Some(seed);
        self
    }
}

/// What a file of weights is to hold, see [`Network::save_with`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Saving {
    /// The type of the weights in the file; `None`: the network's own, exact.
    pub element: Option<Type>,
    /// Of integers: a scale for each row or column instead of one for a tensor.
    pub channel_scales: bool,
    /// A checkpoint: also the optimiser's memory, states and progress, so that training goes on with the same bits.
    pub training: bool,
    /// Also the description, so that [`Model::from_file`] can make the network from the file alone.
    pub description: bool,
}

/// How the learning rate changes with the step, after `warmup` steps in which it rises from zero to `rate`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Schedule {
    /// In which way.
    pub kind: ScheduleKind,
    /// The rate that it starts from.
    pub rate: f64,
    /// The rate that linear, cosine and polynomial end at.
    pub end: f64,
    /// Of exponential and step: what the rate is multiplied with in `steps` steps.
    pub factor: f64,
    /// Of polynomial.
    pub power: f64,
    /// How many steps it takes.
    pub steps: f64,
    /// How many steps come before.
    pub warmup: f64,
}

/// The ways of a [`Schedule`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ScheduleKind {
    /// The rate stays.
    #[default]
    Constant,
    /// In a line to the end.
    Linear,
    /// In half a wave to the end.
    Cosine,
    /// By the factor, in `steps` steps, steadily.
    Exponential,
    /// By the factor, each `steps` steps.
    Step,
    /// With a power of what is left.
    Polynomial,
}

const KINDS: [ScheduleKind; 6] = [
    ScheduleKind::Constant,
    ScheduleKind::Linear,
    ScheduleKind::Cosine,
    ScheduleKind::Exponential,
    ScheduleKind::Step,
    ScheduleKind::Polynomial,
];

/// How far predictions are from what was expected. A deviation is the difference in per cent of the expected number.
#[derive(Clone, Debug, PartialEq)]
pub struct Metrics {
    /// How many samples there were.
    pub samples: usize,
    /// How many deviate by up to 10, 20, 30, 40, 50, 100 per cent, and by more.
    pub buckets: [usize; 7],
    /// The mean of what a deviation leaves of 100.
    pub score: f64,
    /// The mean deviation.
    pub deviation: f64,
}

/// What the callback of a training needs.
struct Watch<F> {
    progress: F,
    history: Vec<f64>,
    panic: Option<Box<dyn Any + Send>>,
}

unsafe extern "C" fn on_epoch<F: FnMut(u64, f64) -> ControlFlow<()>>(watch: *mut c_void, epoch: u64, loss: f64) -> c_int {
    let watch = &mut *watch.cast::<Watch<F>>();
    watch.history.push(loss);
    match catch_unwind(AssertUnwindSafe(|| (watch.progress)(epoch, loss))) {
        Ok(flow) => flow.is_break().into(),
        Err(panic) => {
            watch.panic = Some(panic);
            1
        }
    }
}

impl<T: Number> Network<T> {
    pub(crate) fn new(model: Model) -> Result<Network<T>> {
        let mut instance = ptr::null_mut();
        check(unsafe { ffi::loom_instance_new(model.ptr(), &mut instance) }, "a new network")?;
        let (input_size, output_size) = (model.input_size(), model.output_size());
        Ok(Network { model, instance, input_size, output_size, numbers: PhantomData })
    }

    /// A network with weights and all from a file: a bundle, a binary file with its description, or a description. Its numbers
    /// are of type `T`, whatever the file says.
    ///
    /// # Errors
    /// As [`Model::from_file`] and [`Model::network`].
    pub fn from_file(path: impl AsRef<Path>) -> Result<Network<T>> {
        Model::options().element(T::TYPE).from_file(path)?.network()
    }

    /// Its model.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Runs any number of samples, one after the other in `inputs`, and writes what the network makes of each to `outputs`.
    /// They go through it in mini-batches of [`Model::batch`], the last one filled up with zeros. Nothing is allocated
    /// unless that is needed.
    ///
    /// # Errors
    /// [`Status::Argument`]: no whole samples, or no room for exactly their outputs. [`Status::Unsupported`]: the network mixes
    /// the samples of a batch, and these are no whole batches.
    pub fn forward(&mut self, inputs: &[T], outputs: &mut [T]) -> Result<()> {
        if inputs.len() == self.input_size && outputs.len() == self.output_size {
            return self.call(inputs, outputs);
        }
        let samples = self.count("input", inputs.len(), self.sample_in())?;
        if outputs.len() != samples * self.sample_out() {
            let expected = samples * self.sample_out();
            return Err(wrong("output", format!("the output has {} numbers, expected {expected}", outputs.len())));
        }
        let rest = samples % self.model.batch();
        if rest != 0 && self.mixes() {
            let message = format!("{samples} samples are no whole batches of {}, and the network mixes those of a batch", self.model.batch());
            return Err(Error::new(Status::Unsupported, "input", message));
        }
        let (x, x_rest) = inputs.split_at(inputs.len() - rest * self.sample_in());
        let (y, y_rest) = outputs.split_at_mut(outputs.len() - rest * self.sample_out());
        for (x, y) in x.chunks_exact(self.input_size).zip(y.chunks_exact_mut(self.output_size)) {
            self.call(x, y)?;
        }
        if rest > 0 {
            let (mut x, mut y) = (vec![T::default(); self.input_size], vec![T::default(); self.output_size]);
            x[..x_rest.len()].copy_from_slice(x_rest);
            self.call(&x, &mut y)?;
            y_rest.copy_from_slice(&y[..y_rest.len()]);
        }
        Ok(())
    }

    /// One call of the library.
    fn call(&mut self, input: &[T], output: &mut [T]) -> Result<()> {
        let (x, y) = (input.as_ptr().cast(), output.as_mut_ptr().cast());
        check(unsafe { ffi::loom_forward(self.model.ptr(), self.instance, x, input.len(), y, output.len()) }, "forward")
    }

    fn sample_in(&self) -> usize {
        self.input_size / self.model.batch()
    }

    fn sample_out(&self) -> usize {
        self.output_size / self.model.batch()
    }

    /// A row of the output does not belong to a sample.
    fn mixes(&self) -> bool {
        self.model.output_shape().first() != Some(&self.model.batch())
    }

    /// [`Network::forward`] with an output of its own.
    ///
    /// # Errors
    /// As [`Network::forward`].
    pub fn run(&mut self, inputs: &[T]) -> Result<Vec<T>> {
        let samples = self.count("input", inputs.len(), self.sample_in())?;
        let mut outputs = vec![T::default(); samples * self.sample_out()];
        self.forward(inputs, &mut outputs)?;
        Ok(outputs)
    }

    /// Trains on samples, one after the other in `inputs` and `targets`, for some epochs; returns the mean loss of each.
    /// When the last mini-batch of an epoch is not full, the epoch's first samples fill it up.
    ///
    /// # Errors
    /// [`Status::Argument`]: no whole samples, not as many targets, or a rate that is none. [`Status::Unsupported`]: the model
    /// was not made for training ([`Options::training`](crate::Options::training), `loomc compile --train`).
    /// [`Status::NotFinite`]: the loss is no finite number any more, and the weights are spoilt.
    pub fn train(&mut self, inputs: &[T], targets: &[T], training: &Training) -> Result<Vec<f64>> {
        self.train_with(inputs, targets, training, |_, _| ControlFlow::Continue(()))
    }

    /// The same, and tells `progress` the count of epochs so far and the loss after each; it may end the training.
    ///
    /// # Errors
    /// As [`Network::train`].
    pub fn train_with<F>(&mut self, inputs: &[T], targets: &[T], training: &Training, progress: F) -> Result<Vec<f64>>
    where
        F: FnMut(u64, f64) -> ControlFlow<()>,
    {
        let samples = self.count_samples(inputs, targets)?;
        let mut watch = Watch { progress, history: Vec::new(), panic: None };
        let options = ffi::FitOptions {
            epochs: training.epochs,
            first_epoch: training.first_epoch,
            learning_rate: training.learning_rate,
            shuffle: if !training.shuffle { 0 } else { 1 + c_int::from(training.seed.is_some()) },
            seed: training.seed.unwrap_or(0),
            progress: Some(on_epoch::<F>),
            context: (&mut watch as *mut Watch<F>).cast(),
        };
        let (x, y) = (inputs.as_ptr().cast(), targets.as_ptr().cast());
        let code = unsafe { ffi::loom_fit(self.model.ptr(), self.instance, x, y, samples, &options, ptr::null_mut()) };
        if let Some(panic) = watch.panic {
            resume_unwind(panic);
        }
        if code < 0 {
            return Err(self.why_not_train(code, training.learning_rate));
        }
        Ok(watch.history)
    }

    #[cold]
    fn why_not_train(&self, code: c_int, rate: f64) -> Error {
        let status = Status::from_code(code);
        let id = self.model.id();
        match status {
            Status::Unsupported if !self.model.can_train() => Error::new(
                status,
                "",
                format!("'{id}' was not made for training: use Model::options().training(true), or loomc compile --train"),
            ),
            Status::Unsupported => Error::new(status, "", format!("'{id}' mixes the samples of a batch")),
            Status::Argument => wrong("learning_rate", format!("the learning rate is {rate}, expected a number from 0 on")),
            _ => Error::from_code(code, "training"),
        }
    }

    /// How many samples two lists hold, which must be as many.
    fn count_samples(&self, inputs: &[T], targets: &[T]) -> Result<usize> {
        let samples = self.count("input", inputs.len(), self.sample_in())?;
        if targets.len() != samples * self.sample_out() {
            let expected = samples * self.sample_out();
            return Err(wrong("targets", format!("the targets are {} numbers, expected {expected} for {samples} samples", targets.len())));
        }
        Ok(samples)
    }

    fn count(&self, what: &str, n: usize, of_one: usize) -> Result<usize> {
        if n == 0 || of_one == 0 || n % of_one != 0 {
            return Err(wrong(what, format!("the {what} has {n} numbers, expected one or more samples of {of_one}")));
        }
        Ok(n / of_one)
    }

    /// Steps of the optimiser on whole mini-batches in their order; returns the mean loss before the steps.
    ///
    /// # Errors
    /// [`Status::Argument`]: no whole mini-batches. [`Status::Unsupported`]: as [`Network::train`].
    pub fn train_step(&mut self, inputs: &[T], targets: &[T]) -> Result<f64> {
        let samples = self.whole_batches(inputs, targets)?;
        let mut loss = 0.0;
        let (x, y) = (inputs.as_ptr().cast(), targets.as_ptr().cast());
        let code = unsafe { ffi::loom_train(self.model.ptr(), self.instance, x, y, samples, &mut loss) };
        check(code, "training").map_err(|e| if e.status() == Status::Unsupported { self.why_not_train(code, 0.0) } else { e })?;
        Ok(loss)
    }

    fn whole_batches(&self, inputs: &[T], targets: &[T]) -> Result<usize> {
        let (samples, batch) = (self.count_samples(inputs, targets)?, self.model.batch());
        if samples % batch != 0 {
            let message = format!("{samples} samples are no whole mini-batches of {batch}");
            return Err(wrong("inputs", message));
        }
        Ok(samples)
    }

    /// The loss of one mini-batch, whose gradients are added to those that are kept.
    ///
    /// # Errors
    /// [`Status::Argument`]: not one mini-batch. [`Status::Unsupported`]: the model keeps no gradients
    /// ([`Options::gradients`](crate::Options::gradients)).
    pub fn backward(&mut self, inputs: &[T], targets: &[T]) -> Result<f64> {
        let mut loss = 0.0;
        if self.whole_batches(inputs, targets)? != self.model.batch() {
            let message = format!("one mini-batch is expected: {} samples", self.model.batch());
            return Err(wrong("inputs", message));
        }
        let (x, y) = (inputs.as_ptr().cast(), targets.as_ptr().cast());
        check(unsafe { ffi::loom_backward(self.model.ptr(), self.instance, x, y, &mut loss) }, "backward")?;
        Ok(loss)
    }

    /// One step of the optimiser with the mean of the gradients that are kept, which are zero after it.
    ///
    /// # Errors
    /// [`Status::Unsupported`]: the model keeps no gradients.
    pub fn update(&mut self) -> Result<()> {
        check(unsafe { ffi::loom_update(self.model.ptr(), self.instance) }, "update")
    }

    /// Makes the gradients that are kept zero.
    ///
    /// # Errors
    /// [`Status::Unsupported`]: the model keeps no gradients.
    pub fn clear(&mut self) -> Result<()> {
        check(unsafe { ffi::loom_clear(self.model.ptr(), self.instance) }, "clear")
    }

    /// Forgets what is kept from call to call, as by an lstm with "stateful"; weights and progress stay.
    pub fn reset(&mut self) {
        unsafe { ffi::loom_reset(self.model.ptr(), self.instance) };
    }

    /// Runs samples and compares what they predict with what is expected: the number itself of a network with one output,
    /// else the index of the largest.
    ///
    /// # Errors
    /// As [`Network::forward`]. [`Status::Argument`]: not one expected number for each sample.
    pub fn evaluate(&mut self, inputs: &[T], expected: &[f64]) -> Result<Metrics> {
        if self.mixes() {
            return Err(Error::new(Status::Unsupported, "", format!("'{}' mixes the samples of a batch", self.model.id())));
        }
        let outputs = self.run(inputs)?;
        let row = self.sample_out();
        if expected.len() * row != outputs.len() {
            let message = format!("there are {} expected numbers for {} samples", expected.len(), outputs.len() / row);
            return Err(wrong("expected", message));
        }
        let mut m = ffi::Metrics { samples: 0, bucket: [0; 7], score: 0.0, deviation: 0.0, score_sum: 0.0, deviation_sum: 0.0 };
        for (y, &wanted) in outputs.chunks_exact(row).zip(expected) {
            unsafe { ffi::loom_metrics_add(&mut m, wanted, ffi::loom_prediction(T::TYPE.code(), y.as_ptr().cast(), row)) }
        }
        Ok(Metrics { samples: m.samples, buckets: m.bucket, score: m.score, deviation: m.deviation })
    }

    /// The learning rate of the next step.
    pub fn learning_rate(&self) -> f64 {
        let mut rate = 0.0;
        unsafe { ffi::loom_learning_rate(self.model.ptr(), self.instance, &mut rate) };
        rate
    }

    /// Sets the rate that the schedule starts from.
    ///
    /// # Errors
    /// [`Status::Argument`]: negative, infinite or no number.
    pub fn set_learning_rate(&mut self, rate: f64) -> Result<()> {
        let code = unsafe { ffi::loom_set_learning_rate(self.model.ptr(), self.instance, rate) };
        if code < 0 {
            return Err(self.why_not_train(code, rate));
        }
        Ok(())
    }

    /// How the learning rate changes with the step.
    pub fn schedule(&self) -> Schedule {
        let mut s = ffi::Schedule::default();
        unsafe { ffi::loom_get_schedule(self.model.ptr(), self.instance, &mut s) };
        let kind = usize::try_from(s.kind).ok().and_then(|k| KINDS.get(k)).copied().unwrap_or_default();
        Schedule { kind, rate: s.rate, end: s.end, factor: s.factor, power: s.power, steps: s.steps, warmup: s.warmup }
    }

    /// Sets it; steps count from the beginning of training.
    ///
    /// # Errors
    /// [`Status::Argument`]: a number is negative, infinite or none.
    pub fn set_schedule(&mut self, schedule: &Schedule) -> Result<()> {
        let kind = KINDS.iter().position(|&k| k == schedule.kind).unwrap_or(0) as c_int;
        let Schedule { rate, end, factor, power, steps, warmup, .. } = *schedule;
        let s = ffi::Schedule { kind, rate, end, factor, power, steps, warmup };
        if unsafe { ffi::loom_set_schedule(self.model.ptr(), self.instance, &s) } < 0 {
            return Err(wrong("schedule", format!("a number of the schedule is negative, infinite or none: {schedule:?}")));
        }
        Ok(())
    }

    /// Steps of the optimiser so far.
    pub fn steps(&self) -> u64 {
        let mut steps = 0;
        unsafe { ffi::loom_steps(self.model.ptr(), self.instance, &mut steps) };
        steps
    }

    /// The numbers of a tensor where they lie, row-major; `None` when there is none of that name.
    pub fn tensor(&self, name: &str) -> Option<&[T]> {
        let i = self.find(name)?;
        let size = unsafe { ffi::loom_tensor_size(self.model.ptr(), i) };
        Some(unsafe { numbers(self.data(i), size) })
    }

    /// The same, to be written.
    ///
    /// # Errors
    /// [`Status::NotFound`]: there is none of that name. [`Status::Constant`]: nothing may change it.
    pub fn tensor_mut(&mut self, name: &str) -> Result<&mut [T]> {
        let i = if let Some(i) = self.find(name) {
            i
        } else {
            let message = format!("'{}' has no tensor '{name}'", self.model.id());
            return Err(Error::new(Status::NotFound, name, message));
        };
        if self.model.tensor_role(i) == Role::Frozen {
            return Err(Error::new(Status::Constant, name, format!("the tensor '{name}' is constant")));
        }
        let size = unsafe { ffi::loom_tensor_size(self.model.ptr(), i) };
        Ok(unsafe { numbers_mut(self.data(i), size) })
    }

    /// All tensors with their numbers, in the model's order.
    pub fn tensors(&self) -> impl Iterator<Item = (Tensor, &[T])> + '_ {
        (0..self.model.tensor_count()).map(move |i| {
            let tensor = self.model.tensor(i);
            let values = unsafe { numbers(self.data(i), tensor.size) };
            (tensor, values)
        })
    }

    fn find(&self, name: &str) -> Option<c_int> {
        (0..self.model.tensor_count()).find(|&i| {
            let at = unsafe { ffi::loom_tensor_name(self.model.ptr(), i) };
            !at.is_null() && unsafe { CStr::from_ptr(at) }.to_bytes() == name.as_bytes()
        })
    }

    fn data(&self, i: c_int) -> *mut T {
        unsafe { ffi::loom_tensor_data(self.model.ptr(), self.instance, i).cast() }
    }

    /// The weights as a binary file, exact.
    ///
    /// # Errors
    /// [`Status::Memory`].
    pub fn save(&self) -> Result<Vec<u8>> {
        self.save_with(&Saving::default())
    }

    /// The same in another type, as a checkpoint, or with the description.
    ///
    /// # Errors
    /// [`Status::Argument`]: a checkpoint is exact. [`Status::Range`]: a weight is too large for the type.
    pub fn save_with(&self, how: &Saving) -> Result<Vec<u8>> {
        let options = ffi::SaveOptions {
            kind: how.element.map_or(0, Type::code),
            scales: how.channel_scales.into(),
            training: how.training.into(),
            description: how.description.into(),
        };
        let save = |at: *mut c_void, room, size: &mut usize| {
            check(unsafe { ffi::loom_save(self.model.ptr(), self.instance, &options, at, room, size) }, "saving")
        };
        let mut size = 0;
        save(ptr::null_mut(), 0, &mut size)?;
        let mut bytes = vec![0u8; size];
        save(bytes.as_mut_ptr().cast(), bytes.len(), &mut size)?;
        Ok(bytes)
    }

    /// Takes weights, and the progress of a checkpoint, from a binary file. After an error all is as it was.
    ///
    /// # Errors
    /// [`Status::Format`], [`Status::Checksum`]: no such file, cut short, or damaged. [`Status::Mismatch`]: of another network.
    /// [`Status::Range`]: a weight is too large. [`Status::Constant`]: a weight that is part of the code differs.
    pub fn load(&mut self, bytes: &[u8]) -> Result<()> {
        let (m, at) = (self.model.ptr(), bytes.as_ptr().cast());
        let code = unsafe { ffi::loom_load(m, self.instance, at, bytes.len()) };
        check(code, "loading").map_err(|e| match e.status() {
            Status::Mismatch => {
                let name = text(unsafe { ffi::loom_load_problem(m, self.instance, at, bytes.len()) });
                Error::new(Status::Mismatch, &name, format!("{}: the tensor '{name}'", e.message()))
            }
            _ => e,
        })
    }

    /// Writes a bundle when the name ends in `.json`, else [`Network::save`] with the description; [`Network::from_file`] reads
    /// both. After an error the file is as it was.
    ///
    /// # Errors
    /// [`Status::Io`], and those of the two.
    pub fn save_file(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let bytes = if path.extension().map_or(false, |e| e == "json") {
            self.to_bundle()?.into_bytes()
        } else {
            self.save_with(&Saving { description: true, ..Saving::default() })?
        };
        let mut part = path.as_os_str().to_owned();
        part.push(".part");
        fs::write(&part, bytes).and_then(|()| fs::rename(&part, path)).map_err(|e| {
            let _ = fs::remove_file(&part);
            Error::io(path, &e)
        })
    }

    /// [`Network::load`] from a file, or [`Network::load_bundle`] when it holds JSON.
    ///
    /// # Errors
    /// As these; [`Status::Io`].
    pub fn load_file(&mut self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let bytes = fs::read(path).map_err(|e| Error::io(path, &e))?;
        match std::str::from_utf8(&bytes) {
            Ok(json) => self.load_bundle(json),
            Err(_) => self.load(&bytes),
        }
    }

    /// Description and weights as one JSON text.
    ///
    /// # Errors
    /// [`Status::Unsupported`]: the weights are part of the code of a compiled model. [`Status::Memory`].
    pub fn to_bundle(&self) -> Result<String> {
        let mut e = ffi::Error::none();
        let at = unsafe { ffi::loom_bundle_save(self.model.ptr(), self.instance, ptr::null(), &mut e) };
        if at.is_null() {
            return Err(e.take());
        }
        let json = text(at);
        unsafe { ffi::free_text(at) };
        Ok(json)
    }

    /// Takes the weights of a bundle's first model. After an error all is as it was.
    ///
    /// # Errors
    /// [`Status::Description`]: no bundle, or of another network. [`Status::Constant`]: a weight that is part of the code differs.
    pub fn load_bundle(&mut self, json: &str) -> Result<()> {
        self.take_bundle(json, None)
    }

    /// The same of the model of that id.
    ///
    /// # Errors
    /// As [`Network::load_bundle`].
    pub fn load_bundle_of(&mut self, json: &str, id: &str) -> Result<()> {
        self.take_bundle(json, Some(&c_text("id", id)?))
    }

    pub(crate) fn take_bundle(&mut self, json: &str, id: Option<&CStr>) -> Result<()> {
        let mut e = ffi::Error::none();
        let at: *const c_char = json.as_ptr().cast();
        let id = id.map_or(ptr::null(), CStr::as_ptr);
        let code = unsafe { ffi::loom_bundle_load(self.model.ptr(), self.instance, at, json.len(), id, &mut e) };
        if code < 0 {
            return Err(e.take());
        }
        Ok(())
    }
}

fn wrong(argument: &str, message: String) -> Error {
    Error::new(Status::Argument, argument, message)
}

/// Numbers at a place of the library, which may be none when there are none.
unsafe fn numbers<'a, T>(at: *const T, n: usize) -> &'a [T] {
    if at.is_null() {
        return &[];
    }
    std::slice::from_raw_parts(at, n)
}

unsafe fn numbers_mut<'a, T>(at: *mut T, n: usize) -> &'a mut [T] {
    if at.is_null() {
        return &mut [];
    }
    std::slice::from_raw_parts_mut(at, n)
}

impl<T: Number> Drop for Network<T> {
    fn drop(&mut self) {
        unsafe { ffi::loom_instance_free(self.model.ptr(), self.instance) }
    }
}

impl<T: Number> fmt::Debug for Network<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Network").field("id", &self.model.id()).field("element", &T::TYPE).field("steps", &self.steps()).finish()
    }
}
